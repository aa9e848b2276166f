import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import token from '../src/commands/kube/token.ts';
import { parseKubectlLine } from '../src/kubectl-line.ts';
import { runCommand } from '../src/run-command.ts';
import { createTestHost } from './support/test-host.ts';

/** What commander makes of the same words; undefined where it refuses them. */
async function asAlways(words: readonly string[]) {
  const host = createTestHost();
  let found: unknown;
  const capture = {
    ...token,
    async run(
      { globals }: { readonly globals: unknown },
      { args, options }: { readonly args: readonly string[]; readonly options: object },
    ) {
      const { environment, cluster, socket, reason, login } = options as Record<string, unknown>;
      const own = Object.entries({ environment, cluster, socket, reason, login });
      const set = Object.fromEntries(own.filter(([, value]) => value !== undefined));
      found = { args, globals, options: set };
    },
  };
  const line = { words, rest: undefined, help: false, below: [] };
  try {
    await runCommand('kube token', capture as never, line, host);
  } catch {
    return undefined;
  } finally {
    host.dispose();
  }
  return found;
}

const flags = ['--environment', '--env', '--cluster', '--region', '--profile', '--config', '--socket'];
const words = fc.array(
  fc.oneof(
    fc.constantFrom(...flags, '--reason', '--login', '--no-input', '--output', '--output=json', '--env=dev'),
    fc.constantFrom('dev', 'dev/eks', 'us-east-1', '', '-', '--', '-h', '--help', '--cluster=x', 'a b', '\n'),
    fc.string({ maxLength: 6 }),
  ),
  { maxLength: 7 },
);

describe('the short way of forge kube token', () => {
  it('understands a line as the ordinary way does, or leaves it alone', async () => {
    let understood = 0;
    await fc.assert(
      fc.asyncProperty(words, async (typed) => {
        const quick = parseKubectlLine(['kube', 'token', ...typed]);
        if (quick === undefined) return;
        understood++;
        expect(await asAlways(typed)).toEqual(quick);
      }),
      { numRuns: 2_000 },
    );
    expect(understood).toBeGreaterThan(50);
  });

  it('takes what a kubeconfig says', () => {
    const line = ['--environment', 'dev', '--cluster', 'c', '--config', '/x/forge.yaml', '--login'];
    expect(parseKubectlLine(['kube', 'token', ...line])).toMatchObject({
      args: [],
      options: { environment: 'dev', cluster: 'c', login: true },
      globals: { config: '/x/forge.yaml', env: undefined },
    });
  });

  it.each([
    [['kube', 'exec', 'dev']],
    [['kube', 'token', '--debug', 'dev']],
    [['kube', 'token', '--help']],
    [['kube', 'token', '--env', '--cluster']],
    [['kube', 'token', '--env', 'dev', '--env', 'qa']],
    [['kube', 'token', '--cluster']],
    [['kube', 'token', 'dev', 'qa']],
    [['--debug', 'kube', 'token']],
  ])('leaves %j to the ordinary way', (argv) => expect(parseKubectlLine(argv)).toBeUndefined());
});
