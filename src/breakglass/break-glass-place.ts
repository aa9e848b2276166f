import type { BreakGlass } from '../config/break-glass.ts';
import type { Config, SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';

/** Where break-glass happens: all that forge.yaml must say before anybody can ask, approve or end. */
export interface BreakGlassPlace {
  readonly config: Config;
  readonly breakGlass: BreakGlass;
  readonly signIn: SignIn;
  /** Access account: groups, requests, decisions. */
  readonly account: string;
  /** Home region. */
  readonly region: string;
  readonly identityStoreId: string;
  readonly intakeBucket: string;
  readonly requestPermissionSet: string;
}

/** Throws usage BREAK_GLASS_UNCONFIGURED and names the key that is missing. */
export function breakGlassPlace(config: Config): BreakGlassPlace {
  const { breakGlass, signIn } = config;
  if (breakGlass === undefined) throw missing(config, 'break_glass');
  const need = <Value>(value: Value | undefined, key: string): Value => {
    if (value === undefined) throw missing(config, key);
    return value;
  };
  return {
    config,
    breakGlass,
    signIn: need(signIn, 'sign_in'),
    account: need(breakGlass.account, 'break_glass.account'),
    region: need(breakGlass.region, 'break_glass.region'),
    identityStoreId: need(breakGlass.identityStore, 'break_glass.identity_store'),
    intakeBucket: need(breakGlass.records?.intakeBucket, 'break_glass.records.intake_bucket'),
    requestPermissionSet: need(breakGlass.requestPermissionSet, 'break_glass.request_permission_set'),
  };
}

function missing(config: Config, key: string): ForgeError {
  const file = config.files[0];
  return new ForgeError(
    'usage',
    file === undefined ? 'There is no forge.yaml here.' : `${file} does not say ${key}.`,
    {
      code: 'BREAK_GLASS_UNCONFIGURED',
      hint: `Break-glass needs ${key}: see docs/configuration.md, and forge config show for what is there.`,
    },
  );
}
