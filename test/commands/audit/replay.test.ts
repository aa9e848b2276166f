import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendToJournal } from '../../../src/audit/journal.ts';
import { startRecording } from '../../../src/audit/recording.ts';
import { encodeCastEvent, encodeCastHeader } from '../../../src/lib/asciicast.ts';
import { main } from '../../../src/main.ts';
import { builtForge } from '../../support/built-forge.ts';
import { openTerminal } from '../../support/pty.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const session = 'BG-01KAJ2K3W0000000000000C7F3';
const uuid = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
const hostile = '\x1b]52;c;cm0gLXJmIH4=\x07\x1b]0;owned\x07\x1b[6n\x1b[c\x1bP$qm\x1b\\\x1b[?1000h\u202e';

async function record(n: number, text: string, breakGlass?: string): Promise<string> {
  const size = { columns: 80, rows: 24 };
  await using recording = await startRecording(host, {
    id: uuid(n),
    breakGlass,
    title: 'forge ssm prod-wealth/web',
    size,
  });
  recording.output(Buffer.from(text));
  return join(host.directories.state, 'streams', breakGlass ?? uuid(n), `${uuid(n)}.cast`);
}

/** As another program may have written it, or somebody with an editor. */
function write(n: number, events: readonly (readonly [number, string])[]): void {
  const folder = join(host.directories.state, 'streams', uuid(n));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const header = encodeCastHeader({ width: 200, height: 60, timestamp: 1_763_700_000, title: 'by hand' });
  const lines = events.map(([at, data]) => encodeCastEvent({ at, kind: 'o', data }));
  writeFileSync(join(folder, `${uuid(n)}.cast`), `${[header, ...lines].join('\n')}\n`, { mode: 0o600 });
}

async function replay(...argv: string[]) {
  const { directories, env } = host;
  const other = createTestHost({ directories, env });
  try {
    const code = await main(['audit', 'replay', ...argv], other);
    return { code, out: other.out(), err: other.err() };
  } finally {
    other.dispose();
  }
}

async function terminal(...argv: string[]) {
  const { home, state } = host.directories;
  const env = { PATH: process.env.PATH, HOME: home, XDG_STATE_HOME: dirname(state), NO_COLOR: '1' };
  return openTerminal(process.execPath, [await builtForge(), 'audit', 'replay', ...argv], { env, cwd: home });
}

describe('without a terminal', () => {
  it('is all the text, harmless', async () => {
    await record(1, `$ ls\r\n\x1b[34mdir\x1b[0m${hostile}\r\n`);
    expect(await replay('00000001')).toEqual({ code: 0, out: '$ ls\ndir\n', err: '' });
  });

  it('--raw is the file, byte for byte', async () => {
    const path = await record(1, `${hostile}grüße`);
    const run = await replay(uuid(1), '--raw');
    expect(run.out).toBe(readFileSync(path, 'utf8'));
  });

  it('--output json is what it is, and whether it is what was recorded', async () => {
    const path = await record(1, 'x', session);
    const facts = async () => JSON.parse((await replay(uuid(1), '--output', 'json')).out);
    expect(await facts()).toMatchObject({
      id: uuid(1),
      breakglass: session,
      title: 'forge ssm prod-wealth/web',
      ended: true,
      matches: true,
      markers: [{ text: 'end of the recording' }],
    });
    appendFileSync(path, '[9,"o","and more"]\n');
    expect(await facts()).toMatchObject({ matches: false, ended: false });
    const run = await replay(uuid(1));
    expect(run).toMatchObject({ code: 0, out: 'xand more' });
    expect(run.err).toMatch(/is not what was recorded/);
  });

  it('a break-glass session names its one recording; of several it lists them', async () => {
    await record(1, 'first', session);
    expect((await replay('bg-c7f3')).out).toBe('first');
    await record(2, 'second', session);
    const several = await replay('bg-c7f3');
    expect(several.code).toBe(2);
    for (const n of [1, 2]) expect(several.err).toContain(`${uuid(n)}  `);
    expect(several.err).toContain('forge ssm prod-wealth/web');
    expect((await replay('00000002')).out).toBe('second');
  });

  it('says so of an access that was not recorded, and of one that nobody knows', async () => {
    await appendToJournal(host, {
      type: 'access.opened',
      id: uuid(3),
      target: 'dev/shop',
      purpose: 'db connect',
      write: false,
      person: 'dana',
      source: 'sso',
    });
    expect(await replay('00000003')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no recording of 00000003-/),
    });
    expect(await replay('ffffffff')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no record of "ffffffff"/),
    });
    expect(await replay('00000003', '--speed', '0')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--speed/),
    });
  });

  it('what is no recording is not played', async () => {
    const path = await record(1, 'x');
    writeFileSync(path, 'nonsense\n');
    expect(await replay(uuid(1))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/can't be read|no beginning/),
    });
  });
});

describe('at a terminal', () => {
  it('plays, lets nothing out of the screen, and puts the terminal right', async () => {
    write(1, [
      [0, `one\r\n${hostile}`],
      [0.2, '\x1b[?1049h\x1b[?25l\x1b[31mtwo'],
    ]);
    using played = await terminal('00000001');
    expect(await played.exit).toBe(0);
    const text = played.text();
    expect(text).toContain('by hand');
    expect(text).toMatch(/recorded at 200×60; this terminal has 120×40/);
    expect(text).toContain('one\r\n');
    const shown = text.slice(text.indexOf('one'));
    expect(shown).toContain('\x1b[?1049h\x1b[?25l\x1b[31mtwo\x1b[?1049l\x1b[?25h\x1b[0m');
    for (const left of ['\x1b]', '\x1b[6n', '\x1b[c', '\x1bP', '\x1b[?1000h', '\u202e'])
      expect(text).not.toContain(left);
  });

  it('space, ., the arrows and q', async () => {
    write(1, [
      [0, 'begin\r\n'],
      [600, 'ten minutes\r\n'],
      [603, 'later\r\n'],
      [9_000, 'end\r\n'],
    ]);
    using played = await terminal('00000001');
    await played.waitFor(/begin/);
    played.write(' .');
    await played.waitFor(/ten minutes/);
    played.write('\x1b[C');
    await played.waitFor(/later/);
    played.write('\x1b[D');
    await played.waitFor(/\x1b\[H\x1b\[2Jbegin\r\nten minutes/);
    played.write('q');
    expect(await played.exit).toBe(0);
    expect(played.text()).not.toContain('end\r\n');
  });

  it('--idle-limit and --speed make an hour short', async () => {
    write(1, [
      [0, 'a'],
      [3_600, 'b'],
      [3_602, 'c\r\n'],
    ]);
    using played = await terminal('00000001', '--idle-limit', '1', '--speed', '20');
    await played.waitFor(/abc/);
    expect(await played.exit).toBe(0);
  });

  it('Ctrl-C leaves it, with the terminal as it was', async () => {
    write(1, [
      [0, '\x1b[?25lbegin'],
      [600, 'end'],
    ]);
    using played = await terminal('00000001');
    await played.waitFor(/begin/);
    played.write('\x03');
    expect(await played.exit).toBe(130);
    expect(played.text()).toContain('\x1b[?25h');
  });

  it('of several recordings one is picked', async () => {
    await record(1, 'first\r\n', session);
    await record(2, 'second\r\n', session);
    using played = await terminal('bg-c7f3');
    await played.waitFor(/Which of the 2\?/);
    await played.waitFor(/00000002/);
    played.write('\x1b[B\r');
    await played.waitFor(/second\r\n/);
    expect(await played.exit).toBe(0);
  });

  it('--raw at a terminal is JSON that no terminal obeys', async () => {
    write(1, [[0, '\x9b31m\u202e']]);
    using played = await terminal('00000001', '--raw');
    expect(await played.exit).toBe(0);
    expect(played.text()).toContain('\\u009b31m\\u202e');
  });
});
