import { type Access, type AccessParts, withAccess } from '../access/with-access.ts';
import { describeDocument } from '../aws/ssm-documents.ts';
import { describeManagedInstances } from '../aws/ssm-instances.ts';
import { listAccountRoles } from '../aws/sso.ts';
import { type Finding, look } from '../breakglass/doctor/finding.ts';
import { breakGlassSession } from '../breakglass/session/session-client.ts';
import type { Config, Environment } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { signingKeys } from '../identity/role-credentials.ts';
import { getSsoToken } from '../identity/sso-token.ts';

/** As module session-manager calls them, whatever forge.yaml says. */
const madeByTerraform = { tunnel: 'forge-endpoint-tunnel', connect: 'forge-instance-connect' } as const;
const importLine = 'forge config import-terraform';

/**
 * Are the session documents that forge.yaml names in production's accounts, and are they named where they are? AWS is asked in
 * each production environment that this person can enter now, by standing access or in the shell of a grant: with what
 * everybody there may do anyway (ssm:DescribeDocument). Nothing is started, nobody is told.
 */
export async function lookAtDocuments(parts: AccessParts): Promise<readonly Finding[]> {
  const production = [...parts.config.environments.values()].filter((one) => one.production);
  const looks = await Promise.all(
    production.map(async (environment) => {
      const check = `session documents (${environment.name})`;
      let entered = false;
      const seen = await look(check, async () => {
        entered = await mayEnter(parts, environment);
        return entered
          ? withAccess(parts, request(environment), (access) => examine(parts, access, check))
          : [];
      });
      return { name: environment.name, seen, closed: !entered && seen.length === 0 };
    }),
  );
  const findings = looks.flatMap(({ seen }) => seen);
  const closed = looks.flatMap((one) => (one.closed ? [one.name] : []));
  if (closed.length === 0) return findings;
  const detail = `not asked in ${closed.join(', ')}: you have no access there now; the shell of a grant has`;
  return [...findings, { check: 'session documents', verdict: 'other', detail }];
}

const request = (environment: Environment) => ({
  environment,
  targetName: environment.name,
  region: environment.region,
  roles: [],
  purpose: 'doctor',
  reason: undefined,
  write: false,
  momentary: true,
});

/** The portal knows who has standing access: trying it without would stand in the journal as a refusal. */
async function mayEnter(parts: AccessParts, { name, account, permissionSet }: Environment): Promise<boolean> {
  const { host, config, grant } = parts;
  if ((await breakGlassSession(host))?.environment === name) return true;
  if (permissionSet === undefined || config.signIn === undefined || grant !== undefined) return false;
  const token = await getSsoToken(parts, config.signIn);
  try {
    const held = await listAccountRoles(await parts.aws(), token.region, token.accessToken, account);
    return held.includes(permissionSet);
  } catch (error) {
    // The portal's word for an account in which the person has nothing.
    if (error instanceof ForgeError && error.kind === 'denied') return false;
    throw error;
  }
}

async function examine(parts: AccessParts, access: Access, check: string): Promise<readonly Finding[]> {
  const { environment } = access.target;
  if (environment === undefined) return [];
  const ask = async (name: string) =>
    describeDocument(await parts.aws(), access.region, signingKeys(access.credentials), name);
  const instances = instanceDocuments(parts.config, environment.name);
  const { tunnelDocument } = environment;
  try {
    const named = [...new Set([...instances, ...(tunnelDocument === undefined ? [] : [tunnelDocument])])];
    const wrong = (
      await Promise.all(named.map(async (name) => problemOf(name, environment, await ask(name))))
    ).flatMap((problem) => (problem === undefined ? [] : [{ check, verdict: 'bad' as const, ...problem }]));
    const good = { check, verdict: 'ok' as const, detail: `there, and active: ${named.join(', ')}` };
    const missing = [
      ...(tunnelDocument === undefined ? [{ setting: 'tunnel_document', made: madeByTerraform.tunnel }] : []),
      ...(instances.length === 0 ? [{ setting: 'session_documents', made: madeByTerraform.connect }] : []),
    ];
    return [
      ...(wrong.length > 0 || named.length === 0 ? wrong : [good]),
      ...(missing.length === 0 ? [] : await unnamed(parts, access, check, missing, ask)),
    ];
  } catch (error) {
    if (!(error instanceof ForgeError) || error.kind !== 'denied') throw error;
    return [{ check, verdict: 'other', detail: `not yours to see: ${error.message}` }];
  }
}

/** Of scenarios that can be asked for there. */
function instanceDocuments(
  { breakGlass }: Pick<Config, 'breakGlass'>,
  environment: string,
): readonly string[] {
  if (breakGlass === undefined) return [];
  const tiers = [...breakGlass.tiers.values()].filter(
    ({ environments }) => environments.length === 0 || environments.includes(environment),
  );
  const names = new Set(tiers.flatMap(({ scenarios }) => scenarios));
  return [...breakGlass.scenarios.values()].flatMap(({ name, sessionDocuments }) =>
    sessionDocuments === undefined || !names.has(name) ? [] : Object.values(sessionDocuments),
  );
}

function problemOf(
  name: string,
  { account, region }: Environment,
  found: Awaited<ReturnType<typeof describeDocument>>,
): Pick<Finding, 'detail' | 'hint'> | undefined {
  if (found === undefined) {
    return {
      detail: `there is no document ${name} in ${account}, ${region}: what begins with it is refused`,
      hint: `Terraform makes it (module session-manager): terraform apply. Where it has another name there: ${importLine}`,
    };
  }
  const { type, status } = found;
  if (type !== 'Session') {
    return {
      detail: `${name} IS A DOCUMENT OF TYPE ${type}, and no session can begin with it`,
      hint: `Correct forge.yaml: ${importLine}`,
    };
  }
  if (status === 'Active') return undefined;
  return { detail: `${name} is not active: ${status}`, hint: 'Look again; if it stays so: terraform apply.' };
}

/** forge.yaml names none: has Terraform made them, or is there something to make them for? */
async function unnamed(
  parts: AccessParts,
  { region, credentials }: Access,
  check: string,
  missing: readonly { readonly setting: string; readonly made: string }[],
  ask: (name: string) => ReturnType<typeof describeDocument>,
): Promise<readonly Finding[]> {
  const found = await Promise.all(missing.map(async (one) => ({ ...one, there: await ask(one.made) })));
  const forgotten = found
    .filter(({ there }) => there !== undefined)
    .map(({ setting, made }) => ({
      check,
      verdict: 'bad' as const,
      detail: `${made} is there, and forge.yaml names no ${setting}: what AWS lets people begin with it alone is refused`,
      hint: importLine,
    }));
  const rest = found.filter(({ there }) => there === undefined).map(({ setting }) => setting);
  if (rest.length === 0 || !(await hasInstances(parts, region, credentials))) return forgotten;
  const detail = `instances are there, and forge.yaml names no ${rest.join(' and no ')}: sessions begin with AWS’s own documents`;
  const hint = `Terraform makes documents that keep a transcript (module session-manager). After its apply: ${importLine}`;
  return [...forgotten, { check, verdict: 'other', detail, hint }];
}

async function hasInstances(
  parts: AccessParts,
  region: string,
  credentials: Access['credentials'],
): Promise<boolean> {
  for await (const page of describeManagedInstances(await parts.aws(), region, signingKeys(credentials)))
    if (page.length > 0) return true;
  return false;
}
