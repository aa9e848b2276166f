import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestSandbox } from './sandbox.ts';

/** An AWS CLI that is installed here. */
export interface AwsCli {
  readonly path: string;
  readonly major: number;
  readonly version: string;
}

/** Every one on the PATH, each version once: developers have both v1 and v2. */
export function findAwsClis(): readonly AwsCli[] {
  const found = new Map<string, AwsCli>();
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, 'aws');
    const { status, stdout, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const version = /aws-cli\/(\d+)\.[\d.]+/.exec(`${stdout}${stderr}`);
    if (status !== 0 || version === null || found.has(version[0])) continue;
    found.set(version[0], { path, major: Number(version[1]), version: version[0] });
  }
  return [...found.values()];
}

/**
 * AWS CLIs before 2.13 know no AWS_ENDPOINT_URL: rules of their own data folder lead them to the sandbox instead.
 * Answers the value of AWS_DATA_PATH.
 */
export function endpointData(folder: string, url: string): string {
  const text = (builtIn: string) => ({ builtIn, required: false, documentation: '', type: 'String' });
  const flag = (builtIn: string) => ({ ...text(builtIn), required: true, default: false, type: 'Boolean' });
  const rules = {
    version: '1.0',
    parameters: {
      Region: text('AWS::Region'),
      UseDualStack: flag('AWS::UseDualStack'),
      UseFIPS: flag('AWS::UseFIPS'),
      Endpoint: text('SDK::Endpoint'),
      UseGlobalEndpoint: flag('AWS::STS::UseGlobalEndpoint'),
    },
    rules: [{ conditions: [], endpoint: { url, properties: {}, headers: {} }, type: 'endpoint' }],
  };
  for (const [service, version] of [
    ['sso-oidc', '2019-06-10'],
    ['sso', '2019-06-10'],
    ['sts', '2011-06-15'],
  ] as const) {
    mkdirSync(join(folder, service, version), { recursive: true });
    writeFileSync(join(folder, service, version, 'endpoint-rule-set-1.json'), JSON.stringify(rules));
  }
  return folder;
}

/** A HOME as `aws configure sso` leaves it: an sso-session, and a profile `dev` that uses it. */
export async function makeAwsHome(sandbox: Pick<TestSandbox, 'newHome' | 'world'>): Promise<string> {
  const { startUrl, session } = sandbox.world.organisation;
  const home = await sandbox.newHome();
  mkdirSync(join(home, '.aws'), { mode: 0o700 });
  writeFileSync(
    join(home, '.aws', 'config'),
    `[sso-session ${session}]
sso_start_url = ${startUrl}
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile dev]
sso_session = ${session}
sso_account_id = 111111111111
sso_role_name = Forge-Developer
region = us-east-1
`,
  );
  return home;
}
