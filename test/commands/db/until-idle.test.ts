import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { untilIdle } from '../../../src/commands/db/until-idle.ts';

/** Clocks that are turned by hand, and what two proxies say of their use. */
function stage() {
  const clock = { wall: 1_000_000, monotonic: 5 };
  const uses = [
    { open: 0, ever: 1 },
    { open: 0, ever: 0 },
  ];
  const host = { now: () => clock.wall, monotonic: () => clock.monotonic };
  let over = false;
  const watch = untilIdle(
    host,
    uses.map((use) => ({
      get use() {
        return { ...use };
      },
    })),
    60_000,
  );
  void watch.idle.then(() => {
    over = true;
  });
  /** Two looks later. */
  const isOver = async () => {
    await sleep(600);
    return over;
  };
  return { clock, uses, watch, isOver };
}

it('is over when nobody was connected to any for that long, by either clock', async () => {
  for (const which of ['wall', 'monotonic'] as const) {
    const { clock, watch, isOver } = stage();
    using _ = watch;
    clock[which] += 59_999;
    expect(await isOver()).toBe(false);
    clock[which] += 1;
    expect(await isOver()).toBe(true);
  }
});

it('is not while one is connected, and counts from when the last one left, also one that nobody saw', async () => {
  const { clock, uses, watch, isOver } = stage();
  using _ = watch;
  const [, second = { open: 0, ever: 0 }] = uses;
  Object.assign(second, { open: 1, ever: 1 });
  clock.wall += 3_600_000;
  expect(await isOver()).toBe(false);
  second.open = 0;
  clock.wall += 59_000;
  expect(await isOver()).toBe(false);
  // It came and went between two looks.
  second.ever = 2;
  clock.wall += 59_000;
  expect(await isOver()).toBe(false);
  // A wall clock that is set back does not put it off.
  clock.wall -= 86_400_000;
  clock.monotonic += 60_000;
  expect(await isOver()).toBe(true);
});

it('looks no more when it is disposed', async () => {
  const { clock, watch, isOver } = stage();
  watch[Symbol.dispose]();
  clock.wall += 3_600_000;
  expect(await isOver()).toBe(false);
});
