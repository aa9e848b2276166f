import { expect, it } from 'vitest';
import { hintWithGrant } from '../../../src/commands/breakglass/hint-with-grant.ts';
import { ForgeError } from '../../../src/errors.ts';

const hintOf = (hint: string, words: readonly string[], grant = 'bg-7f3k') =>
  hintWithGrant(new ForgeError('denied', 'No.', { code: 'NO', hint, exitCode: 9 }), words, grant);

it.each([
  ['Find out with: forge db check prod-wealth', 'Find out with: forge db check --grant bg-7f3k prod-wealth'],
  [
    'forge db connect prod-wealth/wealth -- -c x',
    'forge db connect --grant bg-7f3k prod-wealth/wealth -- -c x',
  ],
  [
    'A shell: forge ssm prod-wealth/web-1\nFiles: forge ssm cp prod-wealth/web-1:<path> .',
    'A shell: forge ssm --grant bg-7f3k prod-wealth/web-1\nFiles: forge ssm cp --grant bg-7f3k prod-wealth/web-1:<path> .',
  ],
  ['Then: forge ssm run <instance> -- id', 'Then: forge ssm run --grant bg-7f3k <instance> -- id'],
  // Of another environment, none at all, or with it already.
  ['forge db check prod-wealth-2', undefined],
  ['forge ssm list --all shows what there is', undefined],
  ['forge db query prod-wealth x --grant bg-zzzz', undefined],
  ['forge breakglass --env prod-wealth', undefined],
])('%j', (hint, said) => {
  const error = hintOf(hint, ['--grant', 'bg-7f3k', 'prod-wealth/web-1:/etc/hosts', 'select 1']);
  expect(error).toMatchObject({
    hint: said ?? hint,
    kind: 'denied',
    code: 'NO',
    exitCode: 9,
    message: 'No.',
  });
});

it('takes nothing of what was typed for a pattern, nor for more than a grant', () => {
  expect(hintOf('forge db check dev', ['--', '(', '.*']).hint).toBe('forge db check dev');
  expect(hintOf('forge db check dev', ['dev'], "x'; rm").hint).toBe('forge db check dev');
});
