import type { Config } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { IdentityParts } from './identity-parts.ts';
import { openKeychain } from './keychain.ts';

/** Where role credentials are kept: what whoami and config show say. */
export interface CredentialStorage {
  readonly kind: 'keychain' | 'file' | 'none';
  /** For people. */
  readonly description: string;
}

export interface ChosenStore {
  readonly storage: CredentialStorage;
  /** 32 bytes that entries are sealed with; undefined for file and none. */
  readonly key: Buffer | undefined;
}

type Setting = Config['credentialStore'];
const settings: readonly Setting[] = ['auto', 'keychain', 'file', 'none'];

/** A keychain is read once a command, because every read may be a question to the person. */
const chosen = new WeakMap<Host, Map<Setting, Promise<ChosenStore>>>();

export function chooseCredentialStore(
  parts: Pick<IdentityParts, 'host' | 'output'>,
  configured: Setting,
  folder: string,
): Promise<ChosenStore> {
  const ofHost = chosen.get(parts.host) ?? new Map<Setting, Promise<ChosenStore>>();
  chosen.set(parts.host, ofHost);
  const choice = ofHost.get(configured) ?? choose(parts, configured, folder);
  ofHost.set(configured, choice);
  return choice;
}

/** FORGE_CREDENTIAL_STORE before forge.yaml. One that was asked for and is not there is an error, never another one. */
async function choose(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  configured: Setting,
  folder: string,
): Promise<ChosenStore> {
  const setting = credentialStoreSetting(host.env.FORGE_CREDENTIAL_STORE, configured);
  if (setting === 'none') return { storage: { kind: 'none', description: 'not kept' }, key: undefined };
  const file: ChosenStore = {
    storage: { kind: 'file', description: `0600 files in ${folder}, not encrypted` },
    key: undefined,
  };
  if (setting === 'file') return file;
  const keychain = await openKeychain(host, folder);
  if (keychain.kind === 'opened') {
    return {
      storage: { kind: 'keychain', description: `encrypted with a key in the ${keychain.name}` },
      key: keychain.key,
    };
  }
  if (setting === 'keychain') {
    throw new ForgeError('failed', `Failed to use the keychain: ${keychain.reason}.`, {
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
      hint: 'Choose another: FORGE_CREDENTIAL_STORE=file, or none (nothing is kept).',
    });
  }
  const absent = `no keychain (${keychain.reason}): role credentials are kept in files`;
  if (keychain.slow) output.note(`There is ${absent}. credential_store: file in forge.yaml spares the wait.`);
  else output.debug(absent);
  return file;
}

export function credentialStoreSetting(variable: string | undefined, configured: Setting): Setting {
  if (!variable) return configured;
  const found = settings.find((setting) => setting === variable);
  if (found !== undefined) return found;
  throw new ForgeError('usage', `FORGE_CREDENTIAL_STORE can't be "${variable}".`, {
    code: 'UNKNOWN_CREDENTIAL_STORE',
    hint: `It is one of ${settings.join(', ')}.`,
  });
}
