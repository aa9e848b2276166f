import { ForgeError } from '../errors.ts';
import type { FoundInstance } from './find-instances.ts';

export interface Wave {
  readonly instances: readonly FoundInstance[];
  readonly platform: 'posix' | 'windows';
  readonly maxConcurrency: number;
}

/**
 * SendCommand takes so many instances, and knows its limits only for those: each wave is one of them, of one
 * platform. Pure.
 */
export function planWaves(instances: readonly FoundInstance[], maxConcurrency: number, most: number): Wave[] {
  const isWindows = ({ managed }: FoundInstance) => managed?.platform === 'Windows';
  const waves: Wave[] = [];
  for (const platform of ['posix', 'windows'] as const) {
    const own = instances.filter((instance) => isWindows(instance) === (platform === 'windows'));
    for (let start = 0; start < own.length; start += most) {
      const wave = own.slice(start, start + most);
      waves.push({ instances: wave, platform, maxConcurrency: Math.min(maxConcurrency, most) });
    }
  }
  return waves;
}

/** `10` or `25%` of `total`, as SendCommand takes them. Throws usage. */
export function parseShare(flag: string, text: string, total: number, least: 0 | 1): number {
  const match = /^(\d{1,7})(%?)$/.exec(text);
  const number = Number(match?.[1]);
  const valid = match !== null && number >= least && (match[2] === '' || number <= 100);
  if (!valid) {
    throw new ForgeError(
      'usage',
      `${flag} takes a number or a share such as 10%, not ${JSON.stringify(text)}.`,
      {
        code: 'USAGE',
      },
    );
  }
  return match[2] === '' ? number : Math.max(least, Math.floor((total * number) / 100));
}
