import { mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readJournal } from '../../src/audit/read-journal.ts';
import { type RecordedShell, startRecording } from '../../src/audit/recording.ts';
import { parseCast } from '../../src/lib/asciicast.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const id = '3f9c21aa-0000-4000-8000-000000000000';
const shell: RecordedShell = {
  id,
  breakGlass: undefined,
  title: 'forge ssm prod-wealth/bastion',
  size: { columns: 100, rows: 30 },
};

function machine(): TestHost {
  const host = createTestHost();
  onTestFinished(() => host.dispose());
  return host;
}
const fileOf = (host: TestHost, session = id) =>
  join(host.directories.state, 'streams', session, `${id}.cast`);
const eventsOf = (host: TestHost) => parseCast(readFileSync(fileOf(host)))?.events ?? [];
const shownIn = (host: TestHost) =>
  eventsOf(host)
    .filter(({ kind }) => kind === 'o')
    .map(({ data }) => data)
    .join('');

describe('a recording', () => {
  it('has header, output, sizes and what forge said, in order; the journal has its size and hash', async () => {
    const host = machine();
    {
      await using recording = await startRecording(host, {
        ...shell,
        breakGlass: 'BG-01M7ZE1ZKMZ492KT1PDCJG7F3K',
      });
      recording.output(Buffer.from('$ ls\r\n'));
      recording.resize({ columns: 80, rows: 24 });
      recording.output(Buffer.from('\x1b[31mno\x1b[0m'), 'stderr');
      recording.mark('forge: connection\nlost');
    }
    const path = fileOf(host, 'BG-01M7ZE1ZKMZ492KT1PDCJG7F3K');
    const cast = parseCast(readFileSync(path));
    expect(cast?.header).toMatchObject({ width: 100, height: 30, title: shell.title });
    expect(cast?.events.map(({ kind, data }) => [kind, data])).toEqual([
      ['o', '$ ls\r\n'],
      ['r', '80x24'],
      ['o', '\x1b[31mno\x1b[0m'],
      ['m', 'forge: connection lost'],
      ['m', 'end of the recording'],
    ]);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    const { createHash } = await import('node:crypto');
    for await (const lines of readJournal(host))
      expect(lines.at(-1)?.record?.event).toMatchObject({
        type: 'recording.closed',
        id,
        breakglass: 'BG-01M7ZE1ZKMZ492KT1PDCJG7F3K',
        bytes: statSync(path).size,
        sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
      });
  });

  it('what comes after its end is no failure, and not in it', async () => {
    const host = machine();
    const recording = await startRecording(host, shell);
    await recording[Symbol.asyncDispose]();
    const before = readFileSync(fileOf(host), 'utf8');
    recording.mark('connection lost');
    recording.output(Buffer.from('late'));
    recording.resize({ columns: 1, rows: 1 });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(readFileSync(fileOf(host), 'utf8')).toBe(before);
    expect(host.signal.aborted).toBe(false);
  });

  it('is on the disk while the shell is still open', async () => {
    const host = machine();
    await using recording = await startRecording(host, shell);
    const before = performance.now();
    recording.output(Buffer.from('shown'));
    await expect.poll(() => shownIn(host), { interval: 5 }).toBe('shown');
    // 100 ms is the promise; a busy machine's disk gets some more.
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('characters that messages cut come out whole, of both streams', async () => {
    const chunks = fc.array(
      // U+FFFD is what a cut character would become.
      fc.tuple(
        fc.boolean(),
        fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\ufffd')),
        fc.nat(30),
      ),
    );
    await fc.assert(
      fc.asyncProperty(chunks, async (texts) => {
        const host = machine();
        {
          await using recording = await startRecording(host, shell);
          const rest: Record<string, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
          for (const [first, text, place] of texts) {
            const from = first ? 'stdout' : 'stderr';
            const bytes = Buffer.concat([rest[from] ?? Buffer.alloc(0), Buffer.from(text)]);
            const cut = Math.max(0, bytes.length - (place % 4));
            recording.output(bytes.subarray(0, cut), from);
            rest[from] = bytes.subarray(cut);
          }
          for (const from of ['stdout', 'stderr'] as const)
            recording.output(rest[from] ?? Buffer.alloc(0), from);
        }
        const shown = shownIn(host);
        expect(shown).not.toContain('\ufffd');
        const whole = (text: string) => [...text].sort().join('');
        expect(whole(shown)).toBe(whole(texts.map(([, text]) => text).join('')));
        host.dispose();
      }),
      { numRuns: 25 },
    );
  });

  it('more than a line of a stream may have, of characters that are two, comes out whole', async () => {
    const host = machine();
    const text = `x${'😀'.repeat(20_000)}${'\x01'.repeat(50_000)}`;
    {
      await using recording = await startRecording(host, shell);
      recording.output(Buffer.from(text));
    }
    expect(shownIn(host)).toBe(text);
  });

  it('what forge knows as a secret is not in it, also in pieces', async () => {
    const host = machine();
    const secret = 'recorded-s3cret/value+0123456789';
    new Secret(secret);
    {
      await using recording = await startRecording(host, shell);
      for (const character of `echo ${secret}; export AWS_SECRET_ACCESS_KEY=abcdefgh\r\n`) {
        recording.output(Buffer.from(character));
        if (character === '+') await expect.poll(() => shownIn(host).length).toBeGreaterThan(4);
      }
    }
    expect(shownIn(host)).toMatch(/^echo (?:rec)?\*\*\*; export AWS_SECRET_ACCESS_KEY=\*\*\*\r\n$/);
  });

  it('of a program without a terminal its lines begin at the left', async () => {
    const host = machine();
    {
      await using recording = await startRecording(host, { ...shell, plainLines: true });
      for (const text of ['a\nb\r\n', 'c\r', '\nd\r', 'e\n']) recording.output(Buffer.from(text));
    }
    expect(shownIn(host)).toBe('a\r\nb\r\nc\r\nd\re\r\n');
  });

  it('a place that can not be written opens nothing', async () => {
    const host = machine();
    mkdirSync(join(host.directories.state, 'streams', id), { recursive: true, mode: 0o700 });
    symlinkSync('/dev/null', fileOf(host));
    await expect(startRecording(host, shell)).rejects.toMatchObject({ code: 'RECORDING_FAILED' });
  });

  it.skipIf(process.platform !== 'linux')(
    'a disk that is full ends the shell, with one sentence',
    async () => {
      const host = machine();
      const full = machine();
      // /dev/full takes no byte; a stream is never a device, so the disk is stood in for by a limit of the file's size.
      const { spawnSync } = await import('node:child_process');
      const { bundleScript } = await import('../support/bundle-script.ts');
      const worker = await bundleScript(
        join(import.meta.dirname, 'recording-worker.ts'),
        dirname(host.directories.state),
      );
      const script = 'trap "" XFSZ; ulimit -f 64; exec "$@"';
      const run = spawnSync(
        'bash',
        ['-c', script, 'bash', process.execPath, worker, 'fill', full.directories.state],
        {
          encoding: 'utf8',
        },
      );
      expect(run.stderr).toBe('');
      expect(JSON.parse(run.stdout)).toMatchObject({ code: 'RECORDING_FAILED' });
      const kept = parseCast(readFileSync(fileOf(full)));
      expect(kept?.events.length).toBeGreaterThan(0);
    },
  );

  it.skipIf(process.platform === 'win32')('killed, it leaves a file that can be read', async () => {
    const host = machine();
    const { spawn } = await import('node:child_process');
    const { bundleScript } = await import('../support/bundle-script.ts');
    const worker = await bundleScript(
      join(import.meta.dirname, 'recording-worker.ts'),
      dirname(host.directories.state),
    );
    const child = spawn(process.execPath, [worker, 'run', host.directories.state], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect
      .poll(() => (statSync(fileOf(host), { throwIfNoEntry: false })?.size ?? 0) > 2_000, { timeout: 20_000 })
      .toBe(true);
    child.kill('SIGKILL');
    const shown = shownIn(host);
    expect(shown).toMatch(/^(?:\d+ grüße\r\n)+/);
    expect(parseCast(readFileSync(fileOf(host)))).toMatchObject({ damaged: 0 });
  });
});
