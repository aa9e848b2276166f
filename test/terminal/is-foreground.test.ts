import { expect, it } from 'vitest';
import { isForeground, isForegroundStat } from '../../src/terminal/is-foreground.ts';
import { createTestHost } from '../support/test-host.ts';

it.each([
  ['4711 (node) S 4700 4711 4700 34816 4711 4194304 1 0', true],
  ['4711 (node) S 4700 4711 4700 34816 4700 4194304 1 0', false],
  ['4711 (node) S 1 4711 4711 0 -1 4194304 1 0', false],
  ['4711 (a) S 1 2 3 4 2 (b) S 4700 4711 4700 34816 4700 4194304', false],
  ['', false],
])('%j: %s', (text, foreground) => {
  expect(isForegroundStat(text)).toBe(foreground);
});

it('without a terminal nobody is asked', async () => {
  const host = createTestHost();
  expect(await isForeground(host)).toBe(false);
  host.dispose();
});
