import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { untilEnded } from '../../src/commands/until-ended.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

/** forge in the foreground of a terminal, as `ps` of macOS says it; its shell is process 42 until it dies. */
let host: TestHost;
let shell: number;
let looks: number;
beforeEach(() => {
  shell = 42;
  looks = 0;
  host = createTestHost({
    platform: 'darwin',
    parentPid: () => {
      looks++;
      return shell;
    },
    spawn: ((_: string, __: string[], options: object) =>
      spawn('echo', ['S+'], options)) as TestHost['spawn'],
  });
  Object.assign(host.stdin, { isTTY: true });
});
afterEach(() => host.dispose());

const wait = (options: Omit<Parameters<typeof untilEnded>[1], 'what'>) =>
  untilEnded(
    { host, output: createOutput(host, { format: undefined, quiet: false, debug: false }) },
    { what: 'ports', ...options },
  );

describe('what is open is said once its end is watched for', () => {
  it('the shell that dies the moment that it is said does not go unnoticed', async () => {
    let looked = 0;
    const ended = wait({
      say: () => {
        looked = looks;
        shell = 1;
      },
    });
    await expect(ended).rejects.toMatchObject({ kind: 'terminated' });
    expect(looked).toBe(1);
  });

  it('what breaks the moment that it is said, or before, ends it', async () => {
    let fail = (_: Error) => {};
    const broken = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const gone = new Error('gone');
    await expect(wait({ say: () => fail(gone), broken })).rejects.toBe(gone);
    let said = false;
    await expect(
      wait({
        say: () => {
          said = true;
        },
        broken: Promise.reject(gone),
      }),
    ).rejects.toBe(gone);
    expect(said).toBe(true);
  });

  it('Ctrl-C the moment that it is said ends it as any other', async () => {
    await expect(wait({ say: () => host.interrupt() })).resolves.toBeUndefined();
    await expect(wait({ say: () => {} })).resolves.toBeUndefined();
  });

  it('the longest duration counts from before it is said, also where saying takes all of it', async () => {
    await expect(wait({ maximumMs: 60_000, say: () => host.shiftClock(60_000) })).rejects.toMatchObject({
      code: 'MAX_DURATION',
    });
  });

  it('saying that fails ends it', async () => {
    const failed = new Error('the pipe is closed');
    await expect(
      wait({
        say: () => {
          throw failed;
        },
      }),
    ).rejects.toBe(failed);
  });
});
