import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openBitwarden } from '../../../src/breakglass/offline/bitwarden.ts';
import { obtainOfflineKey } from '../../../src/breakglass/offline/obtain-offline-key.ts';
import { parseOfflineKey } from '../../../src/breakglass/offline/offline-key.ts';
import { buildBreakGlass } from '../../../src/config/build-break-glass.ts';
import { identityParts } from '../../../src/identity/identity-parts.ts';
import { refusingPrompt } from '../../../src/terminal/refusing-prompt.ts';
import { type BitwardenStandIn, createBitwarden } from '../../support/bitwarden-stand-in.ts';
import { createTestHost } from '../../support/test-host.ts';

const first = { accessKeyId: `AKIA${'A'.repeat(16)}`, secretAccessKey: 'a'.repeat(40) };
const second = parseOfflineKey(`AKIA${'B'.repeat(16)}`, 'b'.repeat(40));
const hosts: { dispose(): void }[] = [];
let bitwarden: BitwardenStandIn;
let folder: string;
beforeEach(async () => {
  const host = createTestHost();
  hosts.push(host);
  folder = host.directories.home;
  bitwarden = await createBitwarden(folder, 'emergency', first);
});
afterAll(() => {
  for (const host of hosts) host.dispose();
});

/** `answers`: what is typed, question by question. */
function partsOf(env: Record<string, string> = {}, answers?: string[]) {
  const host = createTestHost({ env: { PATH: bitwarden.folder, ...env } });
  hosts.push(host);
  const asked: string[] = [];
  const said: string[] = [];
  const answer = async ({ message }: { message: string }) => {
    asked.push(message);
    return answers?.shift() ?? '';
  };
  const prompt =
    answers === undefined
      ? refusingPrompt
      : { ...refusingPrompt, possible: true, text: answer, secret: answer };
  const say = (text: string) => void said.push(text);
  const output = {
    note: say,
    warn: say,
    instruct: say,
    debug: say,
    progress: () => ({ update() {}, [Symbol.dispose]() {} }),
  };
  return { parts: identityParts({ host, output, prompt }), asked, said };
}
const tier = () => {
  const file = { tiers: { '3': { approval: 'two-people' as const, vault_item: 'emergency' } } };
  const found = buildBreakGlass(file).tiers.get('3');
  if (found === undefined) throw new Error('no tier');
  return found;
};

describe('Bitwarden', () => {
  it('unlocked: reads, writes and reads back; neither key nor session is an argument', async () => {
    const { parts } = partsOf({ BW_SESSION: bitwarden.session });
    const vault = await openBitwarden(parts, { fresh: true });
    const item = await vault?.read('emergency');
    if (vault === undefined || item === undefined || second === undefined) throw new Error('no vault');
    expect(item.key.accessKeyId).toBe(first.accessKeyId);
    await vault.write(item, second);
    expect(await bitwarden.key()).toEqual({
      accessKeyId: second.accessKeyId,
      secretAccessKey: 'b'.repeat(40),
    });
    const calls = (await bitwarden.calls()).join('\n');
    expect(calls).toContain('sync');
    for (const secret of ['b'.repeat(40), first.secretAccessKey, bitwarden.session, 'eyJ'])
      expect(calls).not.toContain(secret);
    await expect(vault.read('other')).rejects.toMatchObject({
      code: 'VAULT_FAILED',
      message: expect.stringContaining('Not found'),
    });
  });

  it('locked: asks for the master password, which only bw gets; without anybody says what to type', async () => {
    const { parts, asked } = partsOf({}, [bitwarden.password]);
    expect((await (await openBitwarden(parts, { fresh: false }))?.read('emergency'))?.key.accessKeyId).toBe(
      first.accessKeyId,
    );
    expect(asked).toEqual([expect.stringContaining('Master password')]);
    expect((await bitwarden.calls()).join('\n')).not.toContain(bitwarden.password);
    await expect(openBitwarden(partsOf({}, ['wrong']).parts, { fresh: false })).rejects.toMatchObject({
      code: 'VAULT_LOCKED',
    });
    await expect(openBitwarden(partsOf().parts, { fresh: false })).rejects.toMatchObject({
      code: 'VAULT_LOCKED',
      hint: expect.stringContaining('bw unlock'),
    });
  });

  it('logged out, or not installed: says so, and the key is typed', async () => {
    await bitwarden.setState('unauthenticated');
    await expect(openBitwarden(partsOf().parts, { fresh: false })).rejects.toMatchObject({
      code: 'VAULT_LOGGED_OUT',
      hint: 'bw login',
    });
    const out = partsOf({}, ['nonsense', 'x', `  ${first.accessKeyId} `, first.secretAccessKey]);
    const { key, stored } = await obtainOfflineKey(out.parts, tier(), { fresh: false });
    expect([key.accessKeyId, stored]).toEqual([first.accessKeyId, undefined]);
    expect(out.said.join('\n')).toMatch(/knows nobody here[\s\S]*no access key/);
    const absent = partsOf({ PATH: '/nowhere' }, [first.accessKeyId, first.secretAccessKey]);
    await obtainOfflineKey(absent.parts, tier(), { fresh: false });
    expect(absent.said.join('\n')).toContain('bw is not installed');
    const never = partsOf({ PATH: '/nowhere' }, ['a', 'b', 'c', 'd', 'e', 'f']);
    await expect(obtainOfflineKey(never.parts, tier(), { fresh: false })).rejects.toMatchObject({
      code: 'INVALID_KEY',
    });
  });
});
