import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { limitSession } from '../../src/terminal/session-limit.ts';

const minute = 60_000;

function watch(maximumMs: number) {
  const clock = { wall: 1_000_000_000, monotonic: 0 };
  const said: number[] = [];
  let ended = 0;
  const limit = limitSession({
    host: { now: () => clock.wall, monotonic: () => clock.monotonic },
    maximumMs,
    warn: (left) => said.push(left),
    end: () => ended++,
    everyMs: 1,
  });
  return {
    said,
    ended: () => ended,
    async pass(wall: number, monotonic = wall) {
      clock.wall += wall;
      clock.monotonic += monotonic;
      await sleep(15);
    },
    [Symbol.dispose]: () => limit[Symbol.dispose](),
  };
}

describe('session limit', () => {
  it('warns 10 minutes and 1 minute before, once each, and ends it', async () => {
    using session = watch(60 * minute);
    await session.pass(49 * minute);
    expect(session.said).toEqual([]);
    await session.pass(1 * minute);
    expect(session.said).toEqual([10 * minute]);
    await session.pass(9 * minute);
    expect(session.said).toEqual([10 * minute, minute]);
    await session.pass(minute - 1);
    expect(session.ended()).toBe(0);
    await session.pass(1);
    expect(session.ended()).toBe(1);
    await session.pass(minute);
    expect(session.ended()).toBe(1);
    expect(session.said).toHaveLength(2);
  });

  it('ends a session whose laptop has slept past the end: timers stood still, the wall clock did not', async () => {
    using session = watch(60 * minute);
    await session.pass(8 * 60 * minute, 0);
    expect(session.ended()).toBe(1);
  });

  it('says one warning when it wakes after both were due', async () => {
    using session = watch(60 * minute);
    await session.pass(59.5 * minute, 0);
    expect(session.said).toEqual([0.5 * minute]);
  });

  it('is not prolonged by a clock that is set back', async () => {
    using session = watch(5 * minute);
    await session.pass(-60 * minute, 5 * minute);
    expect(session.ended()).toBe(1);
  });

  it('does not warn of what has never been left', async () => {
    using session = watch(5 * minute);
    await session.pass(1);
    expect(session.said).toEqual([]);
  });

  it('is silent once disposed', async () => {
    const session = watch(5 * minute);
    session[Symbol.dispose]();
    await session.pass(10 * minute);
    expect(session.ended()).toBe(0);
  });
});
