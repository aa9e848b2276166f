import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('casey');
}, 120_000);
afterAll(() => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  expect((await vpn('off')).code).toBe(0);
});

const vpn = (...words: string[]) => sandbox.forge(['sandbox', 'vpn', ...words]);
const direct = (...args: string[]) =>
  sandbox.forge(['db', 'query', 'prod-wealth', 'select 6 * 7 as n', '--output', 'csv', ...args], {
    person: 'casey',
  });
const sessions = async () => (await sandbox.admin.calls())['ssm:StartSession'] ?? 0;

describe('forge sandbox vpn', () => {
  it('says what is reached how; off, production is reached through its bastions only', async () => {
    const said = await vpn('--output', 'json');
    expect(JSON.parse(said.stdout)).toEqual({
      direct: { dev: true, qa: true, 'prod-wealth': false, 'prod-cash': false, 'prod-9squid': false },
    });
    const text = await vpn();
    expect(text.stdout).toBe('Directly      dev, qa\nBy bastion    prod-wealth, prod-cash, prod-9squid\n');
    const status = await sandbox.forge(['sandbox', 'status']);
    expect(status.stdout).toContain(text.stdout);
  });

  it('on, no session is started; off again, one is', async () => {
    expect(await direct()).toMatchObject({
      code: 0,
      stdout: 'n\n42\n',
      stderr: expect.stringContaining('bastion'),
    });
    expect((await vpn('on')).stdout).toMatch(/^Directly +dev, qa, prod-wealth, prod-cash, prod-9squid\n$/);
    const before = await sessions();
    expect(await direct('--via', 'direct')).toMatchObject({ code: 0, stdout: 'n\n42\n' });
    expect(await sessions()).toBe(before);
    await vpn('off');
    expect(await direct()).toMatchObject({ code: 0, stderr: expect.stringContaining('bastion') });
    expect(await sessions()).toBe(before + 1);
  });

  it('switches the environments that are named, and no other', async () => {
    expect((await vpn('on', 'prod-cash')).stdout).toBe(
      'Directly      dev, qa, prod-cash\nBy bastion    prod-wealth, prod-9squid\n',
    );
    const off = JSON.parse((await vpn('off', 'dev', 'qa', '--output', 'json')).stdout);
    expect(off.direct).toMatchObject({ dev: false, qa: false, 'prod-cash': true });
    await vpn('on', 'dev', 'qa');
  });

  it('--plan switches nothing; wrong words are refused before anything is switched', async () => {
    const plan = await vpn('on', '--plan');
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringContaining('production') });
    for (const [words, hint] of [
      [['up'], 'forge sandbox vpn on'],
      [['on', 'dev', 'prod-welth'], 'prod-wealth'],
      [['on', 'access'], 'There are: dev'],
    ] as const) {
      const refused = await vpn(...words);
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(hint) });
    }
    expect(JSON.parse((await vpn('--output', 'json')).stdout).direct['prod-wealth']).toBe(false);
  });

  it('needs a sandbox', async () => {
    const away = { env: { FORGE_SANDBOX: undefined }, home: await sandbox.newHome() };
    const alone = await sandbox.forge(['sandbox', 'vpn', 'on'], away);
    expect(alone).toMatchObject({ code: 1, stderr: expect.stringContaining('forge sandbox start') });
  });
});
