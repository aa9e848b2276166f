import { expect, it } from 'vitest';
import { processExitCode } from '../../src/lib/process-exit-code.ts';

it.each([
  [0, 0],
  [3, 3],
  [255, 255],
  [256, 1],
  [512, 1],
  [3_221_225_786, 58],
  [-1, 255],
  [-256, 1],
])('%i elsewhere is %i here', (remote, local) => {
  expect(processExitCode(remote, 'linux')).toBe(local);
  expect(processExitCode(remote, 'win32')).toBe(remote);
});
