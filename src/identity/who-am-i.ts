import type { Config, Environment, SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { parseCallerArn } from './caller-arn.ts';
import { credentialsFolder } from './credential-cache.ts';
import { type CredentialStorage, chooseCredentialStore } from './credential-store.ts';
import { credentialsFor, stsRegion } from './environment-credentials.ts';
import type { IdentityParts } from './identity-parts.ts';
import { personName } from './person.ts';
import type { RoleCatalog } from './role-catalog.ts';
import type { RoleCredentials } from './role-credentials.ts';
import type { SsoToken } from './sso-token.ts';
import { ssoTokenOrSignIn } from './sso-token-or-sign-in.ts';
import { verifiedCaller } from './verified-caller.ts';

export interface WhoAmIRequest {
  readonly config: Config;
  /** Undefined: no environment is meant, or nobody has standing access to the one that is. */
  readonly environment: Environment | undefined;
  /** The person named the environment: that they may not go there is then a failure. */
  readonly named: boolean;
  readonly profile: string | undefined;
  readonly region: string | undefined;
  /** Ask the portal for everything that the person holds. */
  readonly all: boolean;
  /** Ask AWS in place of the caches. */
  readonly fresh: boolean;
  readonly mfaCode: string | undefined;
  /** Keys that the person has in hand, of a break-glass session: they say who it is, and nothing else is asked for keys. */
  readonly inHand?: RoleCredentials | undefined;
}

export interface WhoAmI {
  readonly person: string;
  readonly signIn: { readonly place: SignIn; readonly token: SsoToken } | undefined;
  /** Undefined when there are no keys to ask with. */
  readonly caller: Caller | undefined;
  readonly storage: CredentialStorage;
  /** What the portal said: now with `all`, else what it said to an earlier question, if that is kept. */
  readonly catalog: RoleCatalog | undefined;
}

/** Who AWS says that the keys are. */
export interface Caller {
  readonly arn: string;
  readonly account: string;
  /** Name of the permission set, role or user. */
  readonly role: string;
  readonly source: string;
  /** Epoch milliseconds; undefined: the keys don't end. */
  readonly expiration: number | undefined;
  readonly checkedAt: number;
}

/** Who the person is for AWS. What the caches know is taken from there and says when it was true; see `checkedAt`. */
export async function whoAmI(parts: IdentityParts, request: WhoAmIRequest): Promise<WhoAmI> {
  const { host } = parts;
  const { config } = request;
  const place = request.profile === undefined ? config.signIn : undefined;
  const signIn = place && { place, token: await ssoTokenOrSignIn(parts, place) };
  const caller = await findCaller(parts, request, place);
  const { storage } = await chooseCredentialStore(parts, config.credentialStore, credentialsFolder(host));
  const person = caller === undefined ? await askPerson(parts, config, signIn) : undefined;
  return {
    person: person ?? personName(caller?.arn, host.userName),
    signIn,
    caller,
    storage,
    catalog: request.all
      ? await catalogOf(parts, signIn, request.fresh)
      : await keptCatalog(parts, signIn, request.fresh),
  };
}

async function findCaller(
  parts: IdentityParts,
  request: WhoAmIRequest,
  place: SignIn | undefined,
): Promise<Caller | undefined> {
  const { environment } = request;
  const { inHand } = request;
  if (inHand === undefined && place !== undefined && environment?.permissionSet === undefined)
    return undefined;
  try {
    const keys = inHand ?? (await credentialsFor(parts, { ...request, roles: [] }));
    const { callerArn, account, source, expiration, checkedAt } = await verifiedCaller(
      parts,
      keys,
      stsRegion(parts, request),
    );
    const parsed = parseCallerArn(callerArn);
    const role = parsed?.permissionSet ?? parsed?.name ?? callerArn;
    return {
      arn: callerArn,
      account,
      role,
      source,
      expiration,
      checkedAt: checkedAt ?? parts.host.now(),
    };
  } catch (error) {
    const refused = error instanceof ForgeError && error.kind === 'denied';
    if (!refused || request.named || place === undefined) throw error;
    parts.output.note(error.message);
    return undefined;
  }
}

/** Identity Center has no call that says a person's name: it is in the ARN of a role that they hold. */
async function askPerson(
  parts: IdentityParts,
  config: Config,
  signIn: WhoAmI['signIn'],
): Promise<string | undefined> {
  if (signIn === undefined) return undefined;
  const { findSignedInPerson } = await import('./signed-in-person.ts');
  return findSignedInPerson({ host: parts.host, aws: await parts.aws() }, signIn.token, config);
}

async function keptCatalog(
  { host }: IdentityParts,
  signIn: WhoAmI['signIn'],
  fresh: boolean,
): Promise<RoleCatalog | undefined> {
  if (signIn === undefined || fresh) return undefined;
  const { findKeptCatalog } = await import('./role-catalog-file.ts');
  return findKeptCatalog(host, signIn.place, signIn.token);
}

async function catalogOf(
  parts: IdentityParts,
  signIn: WhoAmI['signIn'],
  fresh: boolean,
): Promise<RoleCatalog> {
  if (signIn === undefined) {
    throw new ForgeError('usage', 'What you hold everywhere can only be asked of IAM Identity Center.', {
      code: 'NO_SIGN_IN',
      hint: 'It needs sign_in in forge.yaml, and no --profile: forge config init',
    });
  }
  const { getRoleCatalog } = await import('./role-catalog.ts');
  return getRoleCatalog(parts, signIn.place, signIn.token, { fresh });
}
