import { readFileSync, writeFileSync } from 'node:fs';
import type { Ending } from '../../../src/breakglass/session/active-grant.ts';
import { runSession } from '../../../src/breakglass/session/run-session.ts';
import { ForgeError } from '../../../src/errors.ts';
import { exitWith, systemHost } from '../../../src/host.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { createOutput, renderError } from '../../../src/terminal/output.ts';
import { createPrompt } from '../../../src/terminal/prompt.ts';

/** What the session is to be; also the file's form. */
export interface SessionOrder {
  readonly environment: string;
  /** Of the grant, milliseconds from the start. */
  readonly lastsMs: number;
  readonly command?: readonly string[];
  readonly keys: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  /** Milliseconds from the start, too. */
  readonly keysLastMs: number;
  /** A file with what the clocks are off by, milliseconds: the wall clock and the monotonic one; read at each look. */
  readonly shiftFile: string;
  /** A file that comes to be when the grant is revoked, with words. */
  readonly revokedFile: string;
  /** A file that comes to be when the grant is prolonged, with the milliseconds from the start to its new end. */
  readonly laterFile: string;
  /** Where the end is told. */
  readonly resultFile: string;
  /** Afterwards a line is read from the terminal, as a summary is. */
  readonly asks?: boolean;
}

export interface SessionReport {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly ending: Ending;
  readonly exitCode: number;
  readonly sentences: readonly string[];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** An active session in a process of its own, so that it can have a terminal and be killed. */
async function main(): Promise<void> {
  const order = JSON.parse(read(process.argv[2] ?? '') ?? '') as SessionOrder;
  const startedAt = Date.now();
  const real = systemHost();
  const shift = (index: 0 | 1) => Number((read(order.shiftFile) ?? '0 0').split(' ')[index]);
  const host = {
    ...real,
    now: () => Date.now() + shift(0),
    monotonic: () => performance.now() + shift(1),
  };
  const output = createOutput(real, { format: undefined, quiet: false, debug: false });
  const { accessKeyId, secretAccessKey, sessionToken } = order.keys;
  try {
    const { ending, exitCode, sentences } = await runSession(
      { host, output },
      {
        grant: {
          id: 'BG-01K9ZZZZZZZZZZZZZZZZZZ7F3K',
          tier: 1,
          environment: order.environment,
          region: 'us-east-1',
          reason: 'INC-123: stuck orders',
          endsAt: startedAt + order.lastsMs,
        },
        source: async () => ({
          accessKeyId,
          secretAccessKey: new Secret(secretAccessKey),
          sessionToken: new Secret(sessionToken),
          expiration: startedAt + order.keysLastMs,
          source: 'the test',
          account: undefined,
          callerArn: undefined,
        }),
        command: order.command,
        askEveryMs: 50,
        revoked: async () => read(order.revokedFile),
        later: async () => {
          const lasts = read(order.laterFile);
          return lasts === undefined ? undefined : startedAt + Number(lasts);
        },
      },
    );
    const report: SessionReport = { startedAt, endedAt: Date.now(), ending, exitCode, sentences };
    writeFileSync(order.resultFile, JSON.stringify(report));
    for (const sentence of sentences) output.note(sentence);
    if (order.asks === true) {
      const prompt = createPrompt(real, { input: true });
      output.note(`Read: ${await prompt.text({ message: 'Summary', flag: '--summary' })}.`);
    }
    exitWith(exitCode);
  } catch (error) {
    const known =
      error instanceof ForgeError ? error : new ForgeError('failed', String(error), { code: 'BUG' });
    process.stderr.write(renderError(known, 'table', output.style));
    exitWith(known.exitCode);
  }
}

void main();
