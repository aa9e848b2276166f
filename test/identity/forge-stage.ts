import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Host } from '../../src/host.ts';
import { type IdentityParts, identityParts } from '../../src/identity/identity-parts.ts';
import { tokenFile } from '../../src/identity/sso-cache-file.ts';
import { main } from '../../src/main.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createPrompt } from '../../src/terminal/prompt.ts';
import { type AwsStage, startAwsStage } from '../sandbox/clients.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

/** forge at home in front of the sandbox's AWS: a person with a forge.yaml, signed in or not. */
export interface ForgeStage extends AsyncDisposable {
  readonly aws: AwsStage;
  /** The current home; each newHome() makes another. */
  host(): TestHost;
  newHome(options?: HomeOptions): TestHost;
  signIn(person: string): Promise<void>;
  run(...argv: string[]): Promise<{ code: number; out: string; err: string }>;
  /** How often AWS was asked. */
  calls(operation: string): number;
  parts(): IdentityParts;
}

export interface HomeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly overrides?: Partial<Host>;
  readonly yaml?: string;
  readonly awsConfig?: string;
  readonly awsCredentials?: string;
}

export const yaml = `version: 1
sign_in: { start_url: "https://d-9067f7c0de.awsapps.com/start", region: us-east-1, session: tapp }
credential_store: file
environments:
  dev: { account: "111111111111", region: us-east-1, permission_set: Forge-Developer }
  dev-chain:
    account: "111111111111"
    region: us-east-1
    permission_set: Forge-Developer
    role_chain: [developer-rds-access]
  qa: { account: "222222222222", region: us-east-1, permission_set: Forge-Developer }
  prod-wealth: { account: "333333333333", region: us-east-1, production: true, permission_set: Forge-Wealth-ReadOnly }
  prod-cash: { account: "444444444444", region: us-east-1, production: true }
`;

export async function startForgeStage(): Promise<ForgeStage> {
  const aws = await startAwsStage();
  let host: TestHost | undefined;
  const current = () => {
    if (host === undefined) throw new Error('no home yet');
    return host;
  };
  const stage: ForgeStage = {
    aws,
    host: current,
    newHome(options = {}) {
      host?.dispose();
      const made = createTestHost(options.overrides);
      const { home } = made.directories;
      host = Object.assign(made, {
        env: {
          ...made.env,
          AWS_ENDPOINT_URL: aws.endpoint.url,
          FORGE_CONFIG: join(home, 'forge.yaml'),
          ...options.env,
        },
      });
      writeFileSync(join(home, 'forge.yaml'), options.yaml ?? yaml);
      mkdirSync(join(home, '.aws'));
      if (options.awsConfig) writeFileSync(join(home, '.aws', 'config'), options.awsConfig);
      if (options.awsCredentials) writeFileSync(join(home, '.aws', 'credentials'), options.awsCredentials);
      return host;
    },
    async signIn(person) {
      const { accessToken } = await aws.signIn(person);
      const file = tokenFile(current(), { session: 'tapp' });
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const record = {
        startUrl: aws.world.organisation.startUrl,
        region: 'us-east-1',
        accessToken,
        expiresAt: `${new Date(current().now() + 3_600_000).toISOString().slice(0, 19)}Z`,
      };
      writeFileSync(file, JSON.stringify(record), { mode: 0o600 });
    },
    async run(...argv) {
      const before = { out: current().out().length, err: current().err().length };
      const code = await main(argv, current());
      return { code, out: current().out().slice(before.out), err: current().err().slice(before.err) };
    },
    calls: (operation) => aws.world.events.all().filter((event) => event.name === operation).length,
    parts: () =>
      identityParts({
        host: current(),
        output: createOutput(current(), { format: undefined, quiet: false, debug: true }),
        prompt: createPrompt(current(), { input: true }),
      }),
    async [Symbol.asyncDispose]() {
      host?.dispose();
      await aws.endpoint.close();
    },
  };
  stage.newHome();
  return stage;
}

export function configOf(host: Host) {
  return loadConfig(host, undefined);
}

/** Every file below a folder, with its mode. */
export function filesBelow(folder: string): { path: string; text: string; mode: number }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ path, text: readFileSync(path, 'latin1'), mode: statSync(path).mode & 0o777 }));
}
