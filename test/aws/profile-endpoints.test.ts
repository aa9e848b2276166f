import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveEndpoint } from '../../src/aws/endpoint.ts';
import { loadProfileEndpoints } from '../../src/aws/profile-endpoints.ts';
import { main } from '../../src/main.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const config = `
[default]
endpoint_url = https://default.example.com
[profile dev]
endpoint_url = https://dev.example.com/base/
services = dev
[profile only-services]
services = dev
[profile no-such-services]
services = missing
endpoint_url = https://still.example.com
[profile ignoring]
endpoint_url = https://ignored.example.com
ignore_configured_endpoint_urls = True
[profile plain]
region = us-east-1
[services dev]
sts =
  endpoint_url = https://sts.dev.example.com
s3 =
  endpoint_url = https://s3.dev.example.com
`;
let host: TestHost;
let lines: string[];
const path = () => join(host.directories.home, '.aws', 'config');

beforeEach(() => {
  host = createTestHost();
  lines = [];
  mkdirSync(dirname(path()));
  writeFileSync(path(), config);
});
afterEach(() => host.dispose());

async function endpoint(env: Record<string, string> = {}, profile?: string, service: 'sts' | 'rds' = 'sts') {
  const found = await loadProfileEndpoints({ ...host, env }, profile, (line) => lines.push(line));
  return resolveEndpoint(env, service, 'us-east-1', found);
}

const aws = 'https://sts.us-east-1.amazonaws.com';

describe('endpoints of the active profile', () => {
  it.each<[string, Record<string, string>, string]>([
    ['default where none is named', {}, 'https://default.example.com'],
    ['the service before all', { AWS_PROFILE: 'dev' }, 'https://sts.dev.example.com'],
    ['services alone', { AWS_PROFILE: 'only-services' }, 'https://sts.dev.example.com'],
    [
      'the environment before the profile',
      { AWS_PROFILE: 'dev', AWS_ENDPOINT_URL: 'https://env.example.com' },
      'https://env.example.com',
    ],
    [
      'the service in the environment first',
      {
        AWS_PROFILE: 'dev',
        AWS_ENDPOINT_URL: 'https://env.example.com',
        AWS_ENDPOINT_URL_STS: 'https://sts.env.example.com',
      },
      'https://sts.env.example.com',
    ],
    [
      'none at the wish of the environment',
      { AWS_PROFILE: 'dev', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      aws,
    ],
    ['none at the wish of the profile', { AWS_PROFILE: 'ignoring' }, aws],
    ['a profile without', { AWS_PROFILE: 'plain' }, aws],
  ])('%s: as the SDK has it', async (_name, env, expected) => {
    const chosen = await endpoint(env);
    expect(chosen).toBe(expected);
    // The SDK for JavaScript knows no ignore_configured_endpoint_urls in profiles: the CLI does.
    if (env.AWS_PROFILE !== 'ignoring') expect(await sdkEndpoint(env)).toBe(expected);
  });

  it('another service of the profile has the general one', async () => {
    expect(await endpoint({ AWS_PROFILE: 'dev' }, undefined, 'rds')).toBe('https://dev.example.com/base');
    expect(await endpoint({ AWS_PROFILE: 'only-services' }, undefined, 'rds')).toContain('rds.us-east-1');
  });

  it('--profile goes before AWS_PROFILE, and AWS_DEFAULT_PROFILE after it', async () => {
    expect(await endpoint({ AWS_PROFILE: 'dev' }, 'plain')).toBe(aws);
    expect(await endpoint({ AWS_DEFAULT_PROFILE: 'plain' })).toBe(aws);
    expect(await endpoint({ AWS_PROFILE: 'dev', AWS_DEFAULT_PROFILE: 'plain' })).toContain('sts.dev');
  });

  it('services that are not there are a mistake to correct', async () => {
    const failing = endpoint({ AWS_PROFILE: 'no-such-services' });
    await expect(failing).rejects.toMatchObject({ kind: 'usage', code: 'UNKNOWN_SERVICES' });
    await expect(failing).rejects.toThrow('There is no [services missing]');
  });

  it('a profile or a file that is not there says nothing', async () => {
    expect(await endpoint({ AWS_PROFILE: 'nobody' })).toBe(aws);
    expect(await endpoint({ AWS_CONFIG_FILE: join(host.directories.home, 'no') })).toBe(aws);
    expect(lines).toEqual([]);
  });

  it('a file that can not be read says nothing but to --debug', async () => {
    expect(await endpoint({ AWS_CONFIG_FILE: host.directories.home })).toBe(aws);
    expect(lines).toEqual([expect.stringContaining('it is a folder')]);
  });

  it.each([
    'http://10.0.0.1:4566',
    'http://localhost.example.com',
    'https://user:CANARY@example.com',
    'nonsense',
  ])('%s is refused, and it is said who says so', async (url) => {
    writeFileSync(path(), `[default]\nendpoint_url = ${url}\n`);
    const failing = endpoint();
    await expect(failing).rejects.toMatchObject({ kind: 'usage', code: 'UNSAFE_ENDPOINT' });
    await expect(failing).rejects.toThrow(`endpoint_url of profile default in ${path()}`);
    await expect(failing).rejects.not.toThrow('CANARY');
  });

  it('of 2 000 profiles are found in no time', async () => {
    const many = Array.from(
      { length: 2_000 },
      (_, i) => `[profile p${i}]\nregion = us-east-1\nsso_session = x\n`,
    );
    writeFileSync(path(), many.join('') + config);
    const began = process.cpuUsage();
    expect(await endpoint({ AWS_PROFILE: 'dev' })).toContain('sts.dev');
    expect(process.cpuUsage(began).user).toBeLessThan(500_000);
  });
});

/** Where the SDK would send the same call by itself. */
async function sdkEndpoint(env: Record<string, string>): Promise<string> {
  const saved = { ...process.env };
  const none = join(host.directories.home, 'none');
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, { AWS_CONFIG_FILE: path(), AWS_SHARED_CREDENTIALS_FILE: none, ...env });
  let sent = '';
  const requestHandler = {
    handle: async (request: { protocol: string; hostname: string }) => {
      sent = `${request.protocol}//${request.hostname}`;
      throw Object.assign(new Error('seen'), { name: 'Seen' });
    },
  };
  try {
    const client = new STSClient({
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestHandler: requestHandler as never,
    });
    await client.send(new GetCallerIdentityCommand({})).catch(() => {});
  } finally {
    process.env = saved;
  }
  return sent;
}

it('a whole command goes where its profile says', async () => {
  let asked = '';
  const server = createServer((request, response) => {
    asked = request.headers['user-agent'] ?? '';
    response.writeHead(403, { 'content-type': 'text/xml' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    path(),
    `[profile local]\nendpoint_url = http://127.0.0.1:${port}\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = CANARY\nregion = us-east-1\n`,
  );
  try {
    expect(await main(['whoami', '--profile', 'local'], host)).not.toBe(0);
    expect(asked).toContain('app/forge');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
