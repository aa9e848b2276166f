import { describe, expect, it } from 'vitest';
import { maximumMs } from '../../../src/commands/ssm/session-options.ts';
import { buildConfig } from '../../../src/config/build-config.ts';

describe('how long a session may last', () => {
  const environment = (max_session?: string) =>
    buildConfig(
      {
        environments: {
          dev: { account: '111111111111', region: 'us-east-1', ...(max_session && { max_session }) },
        },
      },
      [],
    ).environments.get('dev');

  it.each([
    [undefined, undefined, undefined],
    [1800, undefined, 1_800_000],
    [undefined, '1h', 3_600_000],
    [1800, '1h', 1_800_000],
    [7200, '1h', 3_600_000],
  ])('--max-duration %s and max_session %s: %s ms', (maxDuration, configured, expected) => {
    const options = maxDuration === undefined ? {} : { maxDuration };
    expect(maximumMs(options, environment(configured))).toBe(expected);
  });
});
