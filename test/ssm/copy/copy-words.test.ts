import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCopyWords } from '../../../src/ssm/copy/copy-words.ts';

const parse = (words: string[], platform: NodeJS.Platform = 'linux') =>
  parseCopyWords(words, ['dev', 'prod'], platform);

describe('the words of cp', () => {
  it.each([
    ['web-1:/tmp/', 'web-1', '/tmp/'],
    ['web-1:', 'web-1', ''],
    ['dev/web-1:a:b', 'dev/web-1', 'a:b'],
    ['i-0123456789abcdef0:~/x', 'i-0123456789abcdef0', '~/x'],
    ['tag:Role=web:/tmp', 'tag:Role=web', '/tmp'],
    ['dev/tag:Role=web:/tmp', 'dev/tag:Role=web', '/tmp'],
    ['asg:workers:x', 'asg:workers', 'x'],
    ['10.0.0.7:x', '10.0.0.7', 'x'],
    ['[fd00::7]:x', 'fd00::7', 'x'],
    ['dev/[fd00::7]:x', 'dev/fd00::7', 'x'],
    ['dev:x', 'dev', 'x'],
  ])('%s is on an instance', (word, instance, path) => {
    expect(parse(['here', word])).toEqual({
      direction: 'upload',
      instance,
      sources: ['here'],
      destination: path,
    });
    expect(parse([word, 'here'])).toMatchObject({ direction: 'download', instance, sources: [path] });
  });

  it.each(['./a:b', '/a:b', 'folder/a:b', 'C:\\x', ':x', 'plain', '../x:y', '-x'])('%s is here', (word) => {
    expect(parse([word, 'web-1:'])).toMatchObject({ direction: 'upload', sources: [word] });
  });

  it('takes a letter and a colon for a drive on Windows only', () => {
    expect(parse(['C:x', 'web-1:'], 'win32').sources).toEqual(['C:x']);
    expect(parse(['C:/x', 'web-1:'], 'win32').sources).toEqual(['C:/x']);
    expect(parse(['w:/x', '.'])).toMatchObject({ instance: 'w', sources: ['/x'] });
  });

  it.each([
    [[]],
    [['web-1:x']],
    [['a', 'b']],
    [['a', 'web-1:b', '.']],
    [['web-1:a', 'web-2:b', '.']],
    [['web-1:a', 'web-1:b']],
    [['web-1:a', '']],
    [['', 'web-1:']],
  ])('refuses %j', (words) => {
    expect(() => parse(words)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  it('says why a word with a colon and a slash is here', () => {
    expect(() => parse(['stage/web-1:/x', '.'])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('no environment') }),
    );
  });

  it('loses nothing of a path, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        const down = parse([`web-1:${path}`, '.']);
        const up = parse([`./${path}`, 'web-1:']);
        if (down.sources[0] !== path || up.sources[0] !== `./${path}`) throw new Error('lost');
      }),
    );
  });
});
