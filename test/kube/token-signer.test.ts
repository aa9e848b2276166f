import { afterEach, beforeEach, expect, it } from 'vitest';
import { identityParts } from '../../src/identity/identity-parts.ts';
import { observeAws } from '../../src/identity/observe-aws.ts';
import type { RoleCredentials } from '../../src/identity/role-credentials.ts';
import { createTokenSigner } from '../../src/kube/token-signer.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createPrompt } from '../../src/terminal/prompt.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const minute = 60_000;
const request = { cluster: 'dev-eks', region: 'us-east-1' };
let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

function keys(id: string, minutes: number): RoleCredentials {
  return {
    accessKeyId: id,
    secretAccessKey: new Secret('secret'),
    sessionToken: new Secret('session'),
    expiration: host.now() + minutes * minute,
    source: 'test',
    account: undefined,
    callerArn: undefined,
  };
}

function signer(credentials: RoleCredentials, renew: () => Promise<RoleCredentials>) {
  const output = createOutput(host, { format: undefined, quiet: false, debug: false });
  const parts = observeAws(identityParts({ host, output, prompt: createPrompt(host, { input: false }) }));
  const sign = createTokenSigner(parts, { credentials, renew }, request);
  return async () => {
    const { token, expiresAt } = await sign();
    const url = Buffer.from(token.reveal().replace('k8s-aws-v1.', ''), 'base64url').toString();
    const [id] = (new URL(url).searchParams.get('X-Amz-Credential') ?? '').split('/');
    return { id, minutes: Math.round((expiresAt - host.now()) / minute) };
  };
}

it('signs with the same keys while they last, and once with new ones for all who wait', async () => {
  let renewed = 0;
  const sign = signer(keys('FIRST', 60), async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return keys(`NEW${++renewed}`, 60);
  });
  expect(await sign()).toEqual({ id: 'FIRST', minutes: 14 });
  host.shiftClock(44 * minute);
  expect(await sign()).toEqual({ id: 'FIRST', minutes: 14 });
  host.shiftClock(2 * minute);
  const many = await Promise.all(Array.from({ length: 20 }, sign));
  expect(new Set(many.map(({ id }) => id))).toEqual(new Set(['NEW1']));
  expect(await sign()).toEqual({ id: 'NEW1', minutes: 14 });
  expect(renewed).toBe(1);
});

it('a role of 15 minutes is not assumed for every token', async () => {
  let renewed = 0;
  const sign = signer(keys('FIRST', 15), async () => keys(`NEW${++renewed}`, 15));
  host.shiftClock(minute);
  expect(await sign()).toEqual({ id: 'FIRST', minutes: 14 });
  host.shiftClock(7 * minute);
  expect((await sign()).id).toBe('NEW1');
  expect((await sign()).id).toBe('NEW1');
});

it('where there are no new ones, the old ones sign to their end, and then the reason is told', async () => {
  const sign = signer(keys('FIRST', 60), () => Promise.reject(new Error('signed out')));
  host.shiftClock(50 * minute);
  expect(await sign()).toEqual({ id: 'FIRST', minutes: 10 });
  host.shiftClock(9.5 * minute);
  await expect(sign()).rejects.toThrow('signed out');
  await expect(sign()).rejects.toThrow('signed out');
});
