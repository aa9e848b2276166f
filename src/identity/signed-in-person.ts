import type { Aws } from '../aws/clients.ts';
import { getRoleCredentials, listAccountRoles, listAccounts } from '../aws/sso.ts';
import { getCallerIdentity } from '../aws/sts.ts';
import type { Config } from '../config/config.ts';
import type { Host } from '../host.ts';
import { parseCallerArn } from './caller-arn.ts';
import type { SsoToken } from './sso-token.ts';

interface Assignment {
  readonly account: string;
  readonly permissionSet: string;
  readonly region: string;
}

/** Long enough for the three calls; nobody waits longer for a courtesy. */
const patience = 8_000;

/**
 * Who has signed in: Identity Center has no call that tells, but the name is in the ARN of every role that it hands
 * out. Worth three calls after a sign-in, because the browser may have been somebody else's. Undefined when there
 * is no assignment to ask through, or it takes too long: a sign-in does not fail for that.
 */
export async function findSignedInPerson(
  parts: { readonly host: Pick<Host, 'signal'>; readonly aws: Aws },
  token: SsoToken,
  config: Config,
): Promise<string | undefined> {
  const { host, aws } = parts;
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patience);
  });
  const name = askName(aws, token, config).catch((error: unknown) => {
    if (host.signal.aborted) throw error;
    aws.debug(`the name of the person could not be found: ${error instanceof Error ? error.message : error}`);
    return undefined;
  });
  try {
    return await Promise.race([name, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

async function askName(aws: Aws, token: SsoToken, config: Config): Promise<string | undefined> {
  const assignment = await findAssignment(aws, token, config);
  if (assignment === undefined) return undefined;
  const keys = await getRoleCredentials(aws, token.region, token.accessToken, assignment);
  const { arn } = await getCallerIdentity(aws, assignment.region, {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey.reveal(),
    sessionToken: keys.sessionToken.reveal(),
  });
  return parseCallerArn(arn)?.sessionName;
}

/** One outside production where there is one: keys are made for it, if only for a moment. */
async function findAssignment(aws: Aws, token: SsoToken, config: Config): Promise<Assignment | undefined> {
  const accounts = await listAccounts(aws, token.region, token.accessToken);
  const production = new Set(
    [...config.environments.values()].filter((one) => one.production).map((one) => one.account),
  );
  const account = accounts.find(({ id }) => !production.has(id)) ?? accounts[0];
  if (account === undefined) return undefined;
  const [permissionSet] = await listAccountRoles(aws, token.region, token.accessToken, account.id);
  if (permissionSet === undefined) return undefined;
  const environment = [...config.environments.values()].find((one) => one.account === account.id);
  return { account: account.id, permissionSet, region: environment?.region ?? token.region };
}
