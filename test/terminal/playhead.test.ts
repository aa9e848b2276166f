import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Playhead } from '../../src/terminal/playhead.ts';

function play(due: readonly number[]) {
  let now = 1_000;
  const head = new Playhead(due, () => now);
  return {
    head,
    later: (milliseconds: number) => {
      now += milliseconds;
      return head.look();
    },
  };
}

describe('the playhead', () => {
  it('shows what is due, says how long until the next, and ends', () => {
    const { later } = play([0, 0, 100, 300]);
    expect(later(0)).toEqual({ scene: 2, waitMs: 100 });
    expect(later(99)).toEqual({ scene: 2, waitMs: 1 });
    expect(later(1)).toEqual({ scene: 3, waitMs: 200 });
    expect(later(5_000)).toEqual({ scene: 4, waitMs: undefined });
    expect(play([]).later(0)).toEqual({ scene: 0, waitMs: undefined });
  });

  it('stands still while paused, steps there only, and goes on where it stood', () => {
    const { head, later } = play([0, 100, 200, 10_000]);
    later(50);
    head.step();
    expect(later(0).scene).toBe(1);
    head.togglePause();
    expect(later(60_000)).toEqual({ scene: 1, waitMs: Number.POSITIVE_INFINITY });
    head.step();
    expect(later(0).scene).toBe(2);
    head.togglePause();
    expect(later(99)).toEqual({ scene: 2, waitMs: 1 });
  });

  it('goes back to the beginning at most, and on to the end at most', () => {
    const { head, later } = play([0, 6_000, 9_000]);
    head.move(-5_000);
    expect(later(0).scene).toBe(1);
    head.move(5_000);
    expect(later(1_000).scene).toBe(2);
    head.move(60_000);
    expect(later(0)).toEqual({ scene: 3, waitMs: undefined });
    head.move(-5_000);
    expect(later(0)).toEqual({ scene: 1, waitMs: 2_000 });
  });

  it('whatever keys are pressed, paused or not: never a scene too many, and it comes to an end', () => {
    const key = fc.constantFrom('pause', 'step', 'on', 'back', 'wait');
    fc.assert(
      fc.property(fc.array(fc.nat(20_000)), fc.array(key), (gaps, keys) => {
        let sum = 0;
        const due = gaps.map((gap) => (sum += gap));
        const { head, later } = play(due);
        let paused = false;
        for (const pressed of keys) {
          if (pressed === 'pause') {
            head.togglePause();
            paused = !paused;
          } else if (pressed === 'step') head.step();
          else if (pressed === 'on') head.move(5_000);
          else if (pressed === 'back') head.move(-5_000);
          const { scene } = later(pressed === 'wait' ? 700 : 0);
          expect(scene).toBeGreaterThanOrEqual(0);
          expect(scene).toBeLessThanOrEqual(due.length);
        }
        if (paused) head.togglePause();
        expect(later(sum + 1)).toEqual({ scene: due.length, waitMs: undefined });
      }),
    );
  });
});
