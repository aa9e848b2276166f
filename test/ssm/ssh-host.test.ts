import { describe, expect, it } from 'vitest';
import { hostPattern, instanceWord } from '../../src/ssm/ssh-host.ts';

describe('instanceWord', () => {
  const environments = ['dev', 'eu.dev', 'prod-wealth'];

  it.each([
    ['web-1.dev.forge', 'dev/web-1'],
    ['i-0123456789abcdef0.prod-wealth.forge', 'prod-wealth/i-0123456789abcdef0'],
    ['Name.With.Dots.dev.forge', 'dev/Name.With.Dots'],
    ['web-1.eu.dev.forge', 'eu.dev/web-1'],
    ['i-0123456789abcdef0', 'i-0123456789abcdef0'],
    ['dev/web-1', 'dev/web-1'],
    ['.dev.forge', '.dev.forge'],
    ['dev.forge', 'dev.forge'],
    ['web-1.qa.forge', 'web-1.qa.forge'],
    ['web-1.dev', 'web-1.dev'],
  ])('%s means %s', (host, word) => expect(instanceWord(host, environments)).toBe(word));

  it('is what the pattern matches', () => expect(hostPattern('dev')).toBe('*.dev.forge'));
});
