import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseRecord } from '../../../src/breakglass/protocol/record.ts';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { refusalOf } from '../../support/break-glass-people.ts';
import { type RunOptions, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
let slack: Server;
/** What Slack was told, in the order in which it came, between the calls that AWS had. */
let said: { readonly text: string; readonly assumed: number }[] = [];
let slackStatus = 200;
beforeAll(async () => {
  slack = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { text } = JSON.parse(Buffer.concat(chunks).toString()) as { text: string };
      if (slackStatus === 200) said.push({ text, assumed: assumed() });
      answer.writeHead(slackStatus).end();
    });
  }).listen(0, '127.0.0.1');
  sandbox = await startTestSandbox();
  await Promise.all(['sam', 'dana'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  slack?.close();
  await sandbox?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  said = [];
  slackStatus = 200;
});

/** Uses of the emergency role; the server side assumes roles of its own, to refuse keys of what has ended. */
const uses = () =>
  sandbox.world.events
    .all()
    .filter(
      ({ name, parameters }) =>
        name === 'AssumeRole' && String(parameters.roleArn).endsWith('/Forge-Prod-Emergency'),
    );
const assumed = () => uses().length;
const objects = (bucket: string) => [
  ...(sandbox.world.organisation.buckets.find(({ name }) => name === bucket)?.objects ?? []),
];
const line = ['breakglass', '--tier', '0', '--env', 'prod-wealth', '--reason', 'site down <!here>'];
const emergency = (command: readonly string[], options: RunOptions = {}, more: readonly string[] = []) =>
  sandbox.forge([...line, ...more, '--', ...command], {
    person: 'sam',
    ...options,
    env: {
      FORGE_SLACK_WEBHOOK: `http://127.0.0.1:${(slack.address() as AddressInfo).port}/hook`,
      AWS_MAX_ATTEMPTS: '1',
      ...options.env,
    },
  });
const whoami = ['sh', '-c', 'echo in $FORGE_ENV'];

async function spooled(): Promise<readonly string[]> {
  const { HOME = '' } = sandbox.environment({ person: 'sam' });
  const folder = join(HOME, '.local', 'state', 'forge', 'spool');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
}

describe('tier 0', () => {
  it('reaches the database: the name that the session has goes along to its role', async () => {
    const run = await emergency(
      ['forge', 'db', 'query', 'prod-wealth', 'select current_user', '--output', 'csv'],
      {},
      ['--ticket', 'INC-8'],
    );
    expect(run.stdout, run.stderr).toBe('current_user\nforge_ro\n');
    const identities = sandbox.world.events
      .all()
      .filter(
        ({ name, parameters }) => name === 'AssumeRole' && /rds-access/.test(String(parameters.roleArn)),
      )
      .map(({ sourceIdentity }) => sourceIdentity);
    expect(identities.at(-1)).toMatch(/^[0-9a-f-]{36,47}$/);
  });

  it('tells before it opens, opens in the person’s own name, and leaves nothing untold', async () => {
    const before = assumed();
    const run = await emergency(whoami, {}, ['--ticket', 'INC-9']);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toBe('in prod-wealth\n');
    expect(said.map((one) => one.assumed)).toEqual([before]);
    expect(said[0]?.text).toMatch(
      /sam@tapp\.example.*tier 0 in \*prod-wealth\* for 1 h\nReason: site down &lt;!here&gt;\nTicket: INC-9/,
    );
    expect(assumed()).toBe(before + 1);
    expect(JSON.stringify(uses().at(-1))).toContain('"forge:reason"');
    expect(await spooled()).toEqual([]);
    expect(run.stderr).not.toContain('The ticket of');
  });

  it('is over at AWS as soon as its program has ended: the server side is told, and refuses its keys', async () => {
    const run = await emergency(['true'], {}, ['--ticket', 'INC-9']);
    const [, id = ''] = /"forge:id"[^}]*"(BG-[^"]+)"/.exec(JSON.stringify(uses().at(-1))) ?? [];
    expect(run.code, run.stderr).toBe(0);
    expect(objects(intakeBucket).map(([key]) => key)).toContainEqual(
      expect.stringMatching(new RegExp(`^ends/[^/]+/${id}\\.json$`)),
    );
    const ended = () => {
      const records = objects(archiveBucket).flatMap(([, versions]) => {
        const parsed = parseRecord(versions.at(-1)?.body ?? new Uint8Array());
        return parsed.ok ? [parsed.value] : [];
      });
      const own = records.find(({ kind, body }) => kind === 'open' && body.session.clientId === id)?.session;
      return records.some(
        ({ session, kind, body }) => session === own && kind === 'revoke' && body.tail === 'cut',
      );
    };
    for (let waited = 0; !ended(); waited += 50) {
      if (waited > 30_000) throw new Error('its keys are not refused within 30 s');
      await sleep(50);
    }
  });

  it('a terminal that is closed ends it there, too', async () => {
    const ends = () => objects(intakeBucket).filter(([key]) => key.startsWith('ends/')).length;
    const before = ends();
    const terminal = await sandbox.pty(
      [...line, '--ticket', 'INC-9', '--', 'sh', '-c', 'echo i""n; sleep 600'],
      {
        person: 'sam',
      },
    );
    await terminal.waitFor(/^in\b/m);
    terminal.kill('SIGHUP');
    await terminal.exit;
    for (let waited = 0; ends() === before; waited += 50) {
      if (waited > 20_000) throw new Error('AWS is not told within 20 s');
      await sleep(50);
    }
  });

  it('an outage of Slack and S3 does not keep it shut: what is untold waits on the disk for the next command', async () => {
    slackStatus = 503;
    await sandbox.admin.fault({
      service: 's3',
      operation: 'PutObject',
      status: 503,
      error: 'SlowDown',
      times: 50,
    });
    const run = await emergency(whoami);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toBe('in prod-wealth\n');
    expect(run.stderr).toContain('could not be delivered yet');
    expect(run.stderr).toMatch(/The ticket of bg-\w+ \(tier 0, prod-wealth\) is due in/);
    const waiting = await spooled();
    // The message, and that it is over.
    expect(waiting).toHaveLength(2);
    expect(waiting.join('')).not.toMatch(/secretAccessKey|sessionToken|127\.0\.0\.1/i);
    await sandbox.admin.clearFaults();
    slackStatus = 200;
    const webhook = `http://127.0.0.1:${(slack.address() as AddressInfo).port}/hook`;
    const next = await sandbox.forge(['breakglass', 'status'], {
      person: 'sam',
      env: { FORGE_SLACK_WEBHOOK: webhook },
    });
    expect(next.stderr).toContain('Delivered 2 of what could not be told before.');
    expect(await spooled()).toEqual([]);
    expect(said).toHaveLength(1);
  });

  it('works while the access account can’t be reached, once the own id is known', async () => {
    await sandbox.admin.fault({ service: 'identitystore', operation: '*', drop: true, times: 50 });
    const run = await emergency(whoami, {}, ['--ticket', 'INC-10']);
    await sandbox.admin.clearFaults();
    expect(run.code, run.stderr).toBe(0);
    expect(said).toHaveLength(1);
  });

  it('opens without a webhook, or with one that can’t be used, and says whom to tell', async () => {
    for (const webhook of ['', 'http://example.com/hook']) {
      const run = await emergency(['true'], { env: { FORGE_SLACK_WEBHOOK: webhook } }, [
        '--ticket',
        'INC-12',
      ]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr).toContain('tell #platform-incidents yourself');
      expect(await spooled()).toEqual([]);
    }
    expect(said).toEqual([]);
  });

  it('is for those who are on call', async () => {
    const run = await emergency(whoami, { person: 'dana' });
    expect(run.code).toBe(5);
    expect(run.stderr).toContain('grp-forge-sre-oncall');
    expect(said).toEqual([]);
  });

  it('wants a fresh sign-in', async () => {
    const { HOME = '' } = sandbox.environment({ person: 'sam' });
    const file = join(HOME, '.local', 'state', 'forge', 'sign-ins.json');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace(/\d{13}/, (at) => String(Number(at) - 16 * 60_000)),
    );
    const run = await emergency(whoami, {}, ['--output', 'json']);
    expect([run.code, refusalOf(run)]).toMatchObject([
      4,
      { code: 'FRESH_SIGN_IN_NEEDED', hint: 'forge login --fresh' },
    ]);
    await sandbox.forge(['logout'], { person: 'sam' });
    await sandbox.signIn('sam');
    expect((await emergency(['true'], {}, ['--ticket', 'INC-11'])).code).toBe(0);
  });

  it('--plan tells nobody', async () => {
    const run = await sandbox.forge([...line, '--plan', '--', 'true'], { person: 'sam' });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain('sts AssumeRole');
    expect(run.stdout).toContain('role/forge/Forge-Prod-Emergency');
    expect(said).toEqual([]);
  });
});
