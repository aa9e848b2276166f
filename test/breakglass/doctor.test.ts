import { describe, expect, it } from 'vitest';
import { lookAtMachine } from '../../src/breakglass/doctor/doctor-machine.ts';
import { doctorExitCode, type Finding, look, type Verdict } from '../../src/breakglass/doctor/finding.ts';
import { spool } from '../../src/breakglass/evidence/spool.ts';
import { ForgeError } from '../../src/errors.ts';
import { createTestHost } from '../support/test-host.ts';

const findings = (...verdicts: readonly Verdict[]): readonly Finding[] =>
  verdicts.map((verdict) => ({ check: 'x', verdict, detail: '' }));

describe('exit code', () => {
  it.each([
    [[], 0],
    [['ok', 'other'], 0],
    [['ok', 'unseen'], 2],
    [['unseen', 'bad', 'ok'], 1],
  ] as const)('%j: %i', (verdicts, code) => {
    expect(doctorExitCode(findings(...verdicts))).toBe(code);
  });
});

describe('a look that fails', () => {
  const failing = (kind: ForgeError['kind'], code = 'X') =>
    look('x', async () => {
      throw new ForgeError(kind, 'no answer', { code });
    });

  it('is no all-clear', async () => {
    expect(await failing('unreachable')).toEqual([
      { check: 'x', verdict: 'unseen', detail: 'no answer', hint: undefined },
    ]);
  });

  it('ends the examination when it was Ctrl-C, or could not be recorded', async () => {
    await expect(failing('interrupted')).rejects.toThrow('no answer');
    await expect(failing('terminated')).rejects.toThrow('no answer');
    await expect(failing('failed', 'JOURNAL_FAILED')).rejects.toThrow('no answer');
  });
});

it('this machine: clock, spool and webhook', async () => {
  const host = createTestHost();
  const seen = async (skewMs: number) =>
    Object.fromEntries((await lookAtMachine(host, skewMs)).map(({ check, verdict }) => [check, verdict]));
  expect(await seen(-20_000)).toEqual({ clock: 'ok', spool: 'ok', slack: 'other' });
  await spool(host, { kind: 'slack', text: 'late' });
  Object.assign(host.env, { FORGE_SLACK_WEBHOOK: 'http://example.com/hook' });
  expect(await seen(-90_000)).toEqual({ clock: 'bad', spool: 'bad', slack: 'bad' });
  Object.assign(host.env, { FORGE_SLACK_WEBHOOK: 'https://hooks.example/x' });
  expect((await lookAtMachine(host, 90_000))[0]?.detail).toMatch(/behind/);
  expect((await seen(0)).slack).toBe('ok');
  host.dispose();
});
