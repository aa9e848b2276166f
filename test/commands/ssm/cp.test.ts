import { randomBytes } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../ssm/tcp-target.ts';
import { keys } from '../../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
/** A folder of this machine. */
let here: string;
/** The home folder on web-1. */
let there: string;
const json = (text: string) => JSON.parse(text);

beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('dana');
  here = await sandbox.newHome();
  await writeFile(join(here, 'up'), randomBytes(5_000_001));
  const run = await sandbox.forge(['ssm', 'run', 'dev/web-1', '--', 'printf %s "$HOME"']);
  there = run.stdout;
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const cp = (...words: string[]) => sandbox.forge(['ssm', 'cp', ...words], { cwd: here });
const traces = async (folder: string) => (await readdir(folder)).filter((name) => name.startsWith('.forge-'));

/** Folders that the copies so far have left where the instance keeps what is passing. */
async function leftOver(): Promise<readonly string[]> {
  const journal = join(sandbox.environment({}).HOME ?? '', '.local', 'state', 'forge', 'audit');
  const files = await Promise.all(
    (await readdir(journal)).map((name) => readFile(join(journal, name), 'utf8')),
  );
  const ids = new Set(
    [...files.join('').matchAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)].map(([id]) => id),
  );
  expect(ids.size).toBeGreaterThan(0);
  const names = [...ids].map((id) => `forge-copy-${id.replaceAll('-', '')}`);
  return (await readdir(tmpdir())).filter((name) => names.some((own) => name.startsWith(own)));
}

describe('forge ssm cp, files', () => {
  it('go there and come back, every byte, and leave nothing else', async () => {
    const data = await readFile(join(here, 'up'));
    expect(await cp('up', 'dev/web-1:')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(digestOf(await readFile(join(there, 'up')))).toBe(digestOf(data));
    const down = await cp('dev/web-1:up', 'down', '--output', 'json');
    expect(down).toMatchObject({ code: 0, stderr: '' });
    expect(json(down.stdout)).toEqual({
      instanceId: expect.stringMatching(/^i-/),
      direction: 'download',
      files: [
        {
          source: 'up',
          destination: join(here, 'down'),
          kind: 'file',
          bytes: data.length,
          resumedBytes: 0,
          sha256: digestOf(data),
          warnings: [],
        },
      ],
    });
    expect(digestOf(await readFile(join(here, 'down')))).toBe(digestOf(data));
    expect([...(await traces(here)), ...(await traces(there))]).toEqual([]);
  });

  it('of every name, several at once, empty ones too', async () => {
    const names = [' a b ', "it's", 'line\nfeed', '-dash', 'ü*$(id)`', 'a:b', '\\', 'end\n'];
    await mkdir(join(here, 'names'));
    for (const [index, name] of names.entries()) {
      await writeFile(join(here, 'names', name), index === 0 ? '' : name);
    }
    await mkdir(join(there, 'in'));
    const up = await cp(...names.map((name) => `names/${name}`), 'dev/web-1:in');
    expect(up).toMatchObject({ code: 0, stderr: '' });
    expect((await readdir(join(there, 'in'))).sort()).toEqual([...names].sort());
    await mkdir(join(here, 'back'));
    const down = await cp(...names.map((name) => `dev/web-1:in/${name}`), 'back/');
    expect(down).toMatchObject({ code: 0, stderr: '' });
    for (const [index, name] of names.entries()) {
      expect(await readFile(join(here, 'back', name), 'utf8')).toBe(index === 0 ? '' : name);
    }
  });

  it('keep mode and time with -p, and an existing file its mode without', async () => {
    const when = new Date('2024-02-03T04:05:06Z');
    await writeFile(join(here, 'tool'), '#!/bin/sh\n', { mode: 0o755 });
    await utimes(join(here, 'tool'), when, when);
    await cp('-p', 'tool', 'dev/web-1:tool');
    const up = await stat(join(there, 'tool'));
    expect([up.mode & 0o777, up.mtime]).toEqual([0o755, when]);
    await chmod(join(there, 'tool'), 0o600);
    await cp('tool', 'dev/web-1:tool');
    expect((await stat(join(there, 'tool'))).mode & 0o777).toBe(0o600);
    await utimes(join(there, 'tool'), when, when);
    await cp('-p', 'dev/web-1:~/tool', 'tool2');
    const down = await stat(join(here, 'tool2'));
    expect([down.mode & 0o777, down.mtime]).toEqual([0o600, when]);
  });

  it('go on where a cut has left them, unless the source has changed', async () => {
    const data = randomBytes(5_000_000);
    await writeFile(join(here, 'long'), data);
    for (const half of ['up', 'down']) {
      const words = half === 'up' ? ['long', 'dev/web-1:long'] : ['dev/web-1:long', 'long2'];
      const cut = await cutAfter(words, half === 'up' ? there : here);
      expect(cut.code).toBe(130);
      expect(cut.stderr).toContain('goes on from there');
      const again = await cp(...words, '--output', 'json');
      expect(again.code).toBe(0);
      const [file] = json(again.stdout).files;
      expect(file.resumedBytes).toBeGreaterThan(0);
      expect(file.sha256).toBe(digestOf(data));
    }
    expect(digestOf(await readFile(join(here, 'long2')))).toBe(digestOf(data));
    await rm(join(there, 'long'));
    await cutAfter(['long', 'dev/web-1:long'], there);
    await writeFile(join(here, 'long'), randomBytes(5_000_000));
    const changed = await cp('long', 'dev/web-1:long', '--output', 'json');
    expect(json(changed.stdout).files[0].resumedBytes).toBe(0);
    expect(await traces(there)).toEqual([]);
  }, 60_000);

  /** Starts a copy and interrupts it once some of it has arrived. */
  async function cutAfter(words: string[], folder: string) {
    const { ssm } = sandbox.world;
    const { faults } = ssm;
    ssm.faults = { ...faults, agentPaceMs: 1, agentTakesMs: 0.2 };
    const interrupt = new AbortController();
    try {
      const running = sandbox.forge(['ssm', 'cp', ...words], { cwd: here, interrupt: interrupt.signal });
      await expect
        .poll(
          async () => {
            const sizes = (await traces(folder))
              .filter((name) => name.endsWith('.part'))
              .map(async (name) => (await stat(join(folder, name))).size);
            return Math.max(0, ...(await Promise.all(sizes)));
          },
          { timeout: 20_000 },
        )
        .toBeGreaterThan(0);
      interrupt.abort();
      return await running;
    } finally {
      ssm.faults = faults;
    }
  }

  it('survive lost connections, with all bytes', async () => {
    const data = randomBytes(3_000_000);
    await writeFile(join(here, 'cuts'), data);
    const { ssm } = sandbox.world;
    const { faults } = ssm;
    ssm.faults = { ...faults, cuts: 3, cutAfterBytes: 800_000 };
    try {
      expect((await cp('cuts', 'dev/web-1:cuts')).code).toBe(0);
      expect((await cp('dev/web-1:cuts', 'cuts2')).code).toBe(0);
    } finally {
      ssm.faults = faults;
    }
    expect(digestOf(await readFile(join(there, 'cuts')))).toBe(digestOf(data));
    expect(digestOf(await readFile(join(here, 'cuts2')))).toBe(digestOf(data));
  }, 60_000);

  it('show a bar on a terminal, which Ctrl-C clears away', async () => {
    const { ssm } = sandbox.world;
    const { faults } = ssm;
    await writeFile(join(here, 'slow'), randomBytes(5_000_000));
    await mkdir(join(there, 'slowly'));
    ssm.faults = { ...faults, agentTakesMs: 1 };
    try {
      using terminal = await sandbox.pty(['ssm', 'cp', 'slow', 'dev/web-1:slowly'], { cwd: here });
      await terminal.waitFor(/slow \[#[# ]+\] \d+ % of 5\.0 MB, [\d.]+ [kM]B\/s/);
      terminal.write(keys.ctrlC);
      expect(await terminal.exit).toBe(130);
      expect(terminal.text()).toContain('goes on from there');
    } finally {
      ssm.faults = faults;
    }
    using terminal = await sandbox.pty(['ssm', 'cp', 'up', 'dev/web-1:'], { cwd: here });
    await terminal.waitFor(/up → up, 5\.0 MB, SHA-256 [0-9a-f]{64}/);
    expect(await terminal.exit).toBe(0);
  }, 60_000);

  it('are refused in one sentence', async () => {
    const said = async (...words: string[]) => {
      const { code, stderr } = await cp(...words);
      return `${code} ${stderr.split('\n')[0]}`;
    };
    await mkdir(join(here, 'folder'), { recursive: true });
    await mkdir(join(there, 'folder'), { recursive: true });
    expect(await said('nothing', 'dev/web-1:')).toMatch(/^1 .*Failed to read nothing: it does not exist/);
    expect(await said('dev/web-1:nothing', '.')).toMatch(/^1 .*There is no nothing on the instance/);
    expect(await said('folder', 'dev/web-1:')).toMatch(/^2 .*folder is a folder/);
    expect(await said('dev/web-1:folder', '.')).toMatch(/^2 .*folder is a folder/);
    expect(await said('up', 'dev/web-1:no/such/')).toMatch(/^1 .*no folder/);
    expect(await said('up', 'dev/web-1:no')).toMatch(/^0/);
    expect(await said('up', 'up', 'dev/web-1:none')).toMatch(/^1 .*Several sources need a folder/);
    expect(await said('dev/web-1:/dev/null', '.')).toMatch(/^1 .*neither a file nor a folder/);
    expect(await said('dev/web-1:a', 'dev/web-2:b')).toMatch(/^2 .*from an instance to an instance/);
    expect(await said('a', 'b')).toMatch(/^2 /);
    expect(await leftOver()).toEqual([]);
  });
});

describe('forge ssm cp -r', () => {
  it('takes a folder there and back: links, empty folders, odd and long names', async () => {
    const tree = join(here, 'tree');
    await mkdir(join(tree, 'empty'), { recursive: true });
    await mkdir(join(tree, 'deep', 'er'), { recursive: true });
    await writeFile(join(tree, 'deep', 'er', `${'long'.repeat(50)} ü\n`), 'long');
    await writeFile(Buffer.from(`${tree}/not-utf8-\xff`, 'latin1'), 'bytes');
    await writeFile(join(tree, '-n'), '');
    await writeFile(join(tree, '.hidden'), randomBytes(100_000));
    await symlink('deep/er', join(tree, 'link'));
    await symlink('../-n', join(tree, 'deep', 'up'));
    const up = await cp('-r', 'tree', 'dev/web-1:');
    expect(up).toMatchObject({ code: 0, stderr: '' });
    const down = await cp('-r', 'dev/web-1:tree', 'tree2');
    expect(down).toMatchObject({ code: 0, stderr: '' });
    const compared = await sandbox.run('diff', ['-r', '--no-dereference', tree, join(here, 'tree2')]);
    expect(compared).toMatchObject({ code: 0, stdout: '' });
    expect(await readlink(join(there, 'tree', 'link'))).toBe('deep/er');
    expect([...(await traces(here)), ...(await traces(there))]).toEqual([]);
  });

  it('adds to a folder that is there, and follows no link in it', async () => {
    await mkdir(join(here, 'more', 'deep'), { recursive: true });
    await writeFile(join(here, 'more', 'deep', 'new'), 'new');
    await writeFile(join(here, 'more', 'top'), 'top');
    await mkdir(join(there, 'more', 'deep'), { recursive: true });
    await writeFile(join(there, 'more', 'deep', 'old'), 'old');
    await writeFile(join(there, 'more', 'top'), 'before');
    expect((await cp('-r', 'more', 'dev/web-1:')).code).toBe(0);
    expect((await readdir(join(there, 'more', 'deep'))).sort()).toEqual(['new', 'old']);
    expect(await readFile(join(there, 'more', 'top'), 'utf8')).toBe('top');
    await mkdir(join(here, 'outside'));
    await mkdir(join(here, 'target', 'more'), { recursive: true });
    await symlink(join(here, 'outside'), join(here, 'target', 'more', 'deep'));
    const down = await cp('-r', 'dev/web-1:more', 'target');
    expect(down.code).toBe(1);
    expect(down.stderr).toContain('is in the way: it is a link here');
    expect(await readdir(join(here, 'outside'))).toEqual([]);
  });

  it('leaves out what leads out, and says so', async () => {
    await mkdir(join(there, 'bad'));
    await symlink('/etc/passwd', join(there, 'bad', 'absolute'));
    await symlink('../../x', join(there, 'bad', 'up'));
    await writeFile(join(there, 'bad', 'good'), 'good');
    const down = await cp('-r', 'dev/web-1:bad', '.', '--output', 'json');
    expect(down.code).toBe(1);
    expect(down.stderr).toContain('absolute was left out: a link that leads out, to /etc/passwd');
    expect(await readdir(join(here, 'bad'))).toEqual(['good']);
    await symlink('/etc/passwd', join(here, 'bad', 'absolute'));
    const up = await cp('-r', 'bad', 'dev/web-1:bad2');
    expect(up.code).toBe(1);
    expect(await readdir(join(there, 'bad2'))).toEqual(['good']);
  });

  it('takes thousands of small files in one session', async () => {
    await mkdir(join(here, 'many'));
    for (let index = 0; index < 2_000; index++) {
      await writeFile(join(here, 'many', `file ${index}`), `content of ${index}`);
    }
    const before = (await sandbox.admin.calls())['ssm:StartSession'] ?? 0;
    expect((await cp('-r', 'many', 'dev/web-1:many')).code).toBe(0);
    expect((await cp('-r', 'dev/web-1:many', 'many2')).code).toBe(0);
    expect((await sandbox.admin.calls())['ssm:StartSession']).toBe(before + 2);
    expect(await readdir(join(here, 'many2'))).toHaveLength(2_000);
    expect((await lstat(join(here, 'many2', 'file 1999'))).size).toBe('content of 1999'.length);
  }, 30_000);
});

describe('forge ssm cp besides', () => {
  it('works without a forge.yaml, by id, and copies what is in a folder', async () => {
    const keysOf = await sandbox.forge(['credentials', 'dev']);
    const found = json(keysOf.stdout);
    const home = await sandbox.newHome();
    await mkdir(join(home, 'inner'));
    await writeFile(join(home, 'inner', 'x'), 'x');
    const run = (...words: string[]) =>
      sandbox.forge(['ssm', 'cp', '--region', 'us-east-1', ...words], {
        home,
        cwd: join(home, 'inner'),
        env: {
          AWS_ACCESS_KEY_ID: found.AccessKeyId,
          AWS_SECRET_ACCESS_KEY: found.SecretAccessKey,
          AWS_SESSION_TOKEN: found.SessionToken,
          FORGE_CONFIG: undefined,
          FORGE_ENV: undefined,
        },
      });
    const id = basename(there);
    expect(await run('-r', '.', `${id}:bare`)).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(join(there, 'bare', 'x'), 'utf8')).toBe('x');
    expect(await run('-r', `${id}:bare/.`, '..')).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(join(home, 'x'), 'utf8')).toBe('x');
  });

  it('plans without a call, and is in the journal with its digest', async () => {
    const plan = await cp('up', 'dev/web-1:/tmp/', '--plan');
    expect(plan.stdout).toContain('AWS-StartInteractiveCommand');
    await cp('up', 'dev/web-1:journal');
    const home = sandbox.environment().HOME ?? '';
    const folder = join(home, '.local', 'state', 'forge');
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.jsonl'));
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    const digest = digestOf(await readFile(join(here, 'up')));
    expect(texts.join('').includes('access.copying')).toBe(true);
    expect(
      texts
        .join('')
        .match(/"type":"access.copied",.*/g)
        ?.at(-1),
    ).toMatch(
      new RegExp(
        `"type":"access.copied","id":"[^"]+","direction":"upload","path":"journal","kind":"file","bytes":5000001,"sha256":"${digest}"`,
      ),
    );
  });
});
