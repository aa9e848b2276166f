import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { takesGrant } from '../../src/access/takes-grant.ts';
import { entries } from '../../src/command-tree.ts';
import { main } from '../../src/main.ts';
import { createTestHost } from '../support/test-host.ts';

/**
 * Nobody has standing access to prod-cash: each command that could reach it, in each way to name it. Every command of
 * the tree is in exactly one of the two tables, so that a new one has to say what it does with production.
 */
const environment = 'prod-cash';

/** Command → what is typed behind it; where `@` is, the environment is named. */
const reaching: Readonly<Record<string, readonly string[]>> = {
  whoami: ['@'],
  'db connect': ['@', '@/cash', '--host db.example --user forge_ro --env @'],
  'db query': ['@ select', '--host db.example --user forge_ro --env @ select'],
  'db proxy': ['@', '@/cash'],
  'db list': ['--discover --env @'],
  'db check': ['@'],
  'db token': ['@', '--host db.example --user forge_ro --env @'],
  ssm: ['@/web', 'web --env @', 'i-0123456789abcdef0 --env @', 'tag:Role=web --env @'],
  'ssm list': ['@'],
  'ssm run': ['@/web -- uptime', '--all --env @ -- uptime', '--tag Role=web --env @ -- uptime'],
  'ssm forward': ['@/web 5432', '@/web db.internal:5432', '@/web --socks 0'],
  'ssm cp': ['@/web:/tmp/a ./a', './forge.yaml @/web:/tmp/a'],
  'ssm ssh-proxy': ['@/web', 'web.@.forge'],
  'kube use': ['--cluster any --env @ --print'],
  'kube exec': ['@ -- kubectl get pods', '--cluster any --env @ -- kubectl get pods'],
  'kube proxy': ['@', '--cluster any --env @'],
  'kube token': ['@', '--environment @ --cluster any'],
  exec: ['@ -- true'],
  env: ['@'],
  credentials: ['@'],
  console: ['@', '@ --print'],
};

/** Command → why nothing of production can be reached by it without a grant. */
const harmless: Readonly<Record<string, string>> = {
  login: 'signs in, and reaches no environment',
  logout: 'signs out',
  'ssm config': 'prints a block for ssh_config, whose line is ssm ssh-proxy',
  'kube list': 'prints what forge.yaml says',
  'kube remove': 'takes lines out of a file of this machine',
  'config init': 'writes a file of this machine',
  'config show': 'prints forge.yaml',
  'config check': 'reads forge.yaml',
  'config import-terraform': 'writes forge.yaml, and takes no production away from it',
  'config path': 'prints where forge.yaml is',
  'infra export': 'writes Terraform files of this machine',
  'infra check': 'reads a plan of Terraform, and asks AWS nothing',
  'config aws-profiles': 'writes profiles that lead to forge credentials',
  doctor: 'reads forge.yaml, the portal, and what auditors and approvers may read of the access account',
  completion: 'prints a script',
};
/** Families that lead to production by the four eyes alone, read the record, or stand aside. */
const families = /^(?:breakglass|audit|sandbox|db (?:request|approve|deny|run|changes))\b/;

function typed(rest: string): readonly string[] {
  return rest
    .replaceAll('@', environment)
    .split(' ')
    .filter((word) => word !== '');
}

async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const host = createTestHost();
  onTestFinished(() => host.dispose());
  const sample = readFileSync(join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml'), 'utf8');
  const clusters = '    clusters:\n      eks:\n        cluster: prod-cash-eks\n';
  const text = sample.replace('    description: Production of Cash\n', `$&${clusters}`);
  expect(text).not.toBe(sample);
  writeFileSync(join(host.directories.home, 'forge.yaml'), text);
  Object.assign(host.env, env);
  const code = await main(argv, host);
  return { code, said: `${host.out()}${host.err()}` };
}

it('every command is known here', () => {
  const tree = entries.map(({ path }) => path).filter((path) => !families.test(path));
  expect([...Object.keys(reaching), ...Object.keys(harmless)].sort()).toEqual([...tree].sort());
});

it('each that reaches production takes --grant; each family of its own refuses it', async () => {
  for (const path of Object.keys(reaching)) expect(takesGrant(path), path).toBe(true);
  for (const line of ['breakglass list', 'audit list', 'config path', 'sandbox status', 'login']) {
    const { code, said } = await run([...line.split(' '), '--grant', 'bg-7f3k']);
    expect([code, said]).toEqual([2, expect.stringContaining('nknown option')]);
  }
});

it('who takes an environment, a target, an instance, or a reason, can reach production', async () => {
  const takes = await Promise.all(
    entries.map(async ({ path, load }) => {
      const { arguments: named = [], options = [] } = (await load()).default;
      const words = [...named.map(({ name }) => name), ...options.map(({ flags }) => flags)];
      return words.some((word) => /target|environment|instance|--reason/.test(word)) ? [path] : [];
    }),
  );
  // These name one, and use nothing of it.
  const local = ['config aws-profiles', 'config init', 'kube remove'];
  const found = takes.flat().filter((path) => !families.test(path) && !local.includes(path));
  expect(found.filter((path) => reaching[path] === undefined)).toEqual([]);
});

const lines = Object.entries(reaching).flatMap(([path, rests]) => rests.map((rest) => [path, rest] as const));

describe.each(lines)('forge %s %s', (path, rest) => {
  const all = typed(rest);
  const dashes = all.indexOf('--');
  const words = dashes < 0 ? all : all.slice(0, dashes);
  const after = dashes < 0 ? [] : all.slice(dashes);
  const line = (more: readonly string[]) => [...path.split(' '), ...words, ...more, ...after];
  const ways: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
    ['as it is', [], {}],
    ['with a profile', ['--profile', 'admin'], {}],
    [
      'with keys in the environment',
      [],
      { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'x' },
    ],
    ['without questions', ['--no-input'], {}],
    ['as JSON', ['--output', 'json'], {}],
    ['as a plan', ['--plan'], {}],
  ];

  it.each(ways)('%s: exit code 5, and the line to type', async (way, more, env) => {
    const { code, said } = await run(line(more), env);
    // What is text for another program has no JSON, and what changes nothing has no plan.
    if ((way === 'as JSON' || way === 'as a plan') && code === 2) {
      expect(said).toMatch(/not JSON|no plan to show|Not a choice|invalid/i);
      return;
    }
    expect(code, said).toBe(5);
    expect(said).toMatch(/No one has standing access to prod-cash/);
    expect(said.replaceAll('\\"', '"')).toMatch(
      /forge breakglass --tier 1 --scenario [\w|]+ --env prod-cash --ticket … --reason "…"/,
    );
  });
});
