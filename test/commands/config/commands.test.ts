import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forgeIn, hostWith } from '../../support/config-host.ts';

const dev = 'environments:\n  dev:\n    account: "111111111111"\n    region: us-east-1\n';
const sample = readFileSync(join(import.meta.dirname, '..', '..', '..', 'samples', 'forge.yaml'), 'utf8');
const read = (host: { directories: { home: string } }, path: string) =>
  readFileSync(join(host.directories.home, path), 'utf8');

describe('forge config check', () => {
  it('the sample has nothing wrong with it', async () => {
    const host = hostWith({ 'forge.yaml': sample });
    expect(await forgeIn(host, 'config', 'check')).toEqual({
      code: 0,
      out: '',
      err: '~/forge.yaml: no errors, no warnings.\n',
    });
  });

  it('lists every mistake with its place, and exits 2', async () => {
    const host = hostWith({
      'forge.yaml': `a: 1\n${dev}    produktion: true\n    permission_set: [x]\nversion: 2\n`,
    });
    const { code, out, err } = await forgeIn(host, 'config', 'check');
    expect(out.split('\n').filter((line) => /^\S/.test(line))).toEqual([
      'forge.yaml:1:1: error: The file has no key "a".',
      'forge.yaml:6:5: error: environments.dev has no key "produktion".',
      'forge.yaml:7:5: error: environments.dev.permission_set is a list; it must be the name of a permission set (at most 32 letters, digits and +=,.@_-).',
      'forge.yaml:8:10: error: version is the number 2; it must be 1.',
    ]);
    expect({ code, err }).toEqual({ code: 2, err: '~/forge.yaml: 4 errors, no warnings.\n' });
  });

  it('as JSON: one document, with file, line, column and path', async () => {
    const host = hostWith({ 'forge.yaml': 'versoin: 1\n' });
    const { code, out } = await forgeIn(host, 'config', 'check', '--output', 'json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({
      files: ['~/forge.yaml'],
      valid: false,
      findings: [
        {
          severity: 'error',
          file: '~/forge.yaml',
          line: 1,
          column: 1,
          path: 'versoin',
          message: 'The file has no key "versoin".',
          hint: expect.stringMatching(/^Did you mean: version\. It takes: /),
        },
      ],
    });
  });

  const prod = `${dev}  prod:\n    account: "111111111111"\n    region: us-east-1\n    production: true\n    databases:\n`;
  const shop = 'cluster: c, database: d, user: u';
  it.each([
    ['default_environment: dve\n', 'error: default_environment names "dve", which is not an environment.'],
    [
      `default_environment: prod\n${prod}`,
      'warning: default_environment is production: a command that names no environment would mean it.',
    ],
    ['version: 1\n', 'warning: The file has no environments.'],
    [
      `${dev}    default_database: x\n`,
      'error: environments.dev.default_database names "x", which is not a database of dev.',
    ],
    [
      `${dev}    permission_set: X\n`,
      'warning: environments.dev.permission_set needs "sign_in", which the file does not have.',
    ],
    [
      prod,
      'warning: environments.dev.account is that of prod, which is production; this environment is not.',
    ],
    [
      `${prod}      a: { ${shop} }\n`,
      'warning: environments.prod.databases.a is in production and has no "write": --write would be the same user and role.',
    ],
    [
      `${prod}      a: { ${shop}, write: { user: u } }\n`,
      'warning: environments.prod.databases.a.write.user is the user that reads: production is then read-only by a setting alone.',
    ],
    [
      `${dev}    databases:\n      a: { ${shop}, role: "arn:aws:iam::222222222222:role/x" }\n`,
      'warning: environments.dev.databases.a.role is in account 222222222222, but dev is 111111111111: forge refuses to work in another account.',
    ],
    [
      `sign_in: { start_url: "https://x", region: us-east-1 }\n${dev}    databases:\n      a: { ${shop}, role: x, duration: 2h }\n`,
      'warning: environments.dev.databases.a.duration is over 1h, the most that AWS gives from Identity Center (role chaining).',
    ],
    [
      `${dev}    databases:\n      a: { ${shop}, ca: none.pem }\n`,
      'error: environments.dev.databases.a.ca names ~/none.pem, which does not exist.',
    ],
    [
      'groups:\n  g: { environments: { dve: X } }\n',
      'error: groups.g.environments.dve names "dve", which is not an environment.',
    ],
    [
      'groups:\n  g: { network: [x] }\n',
      'error: groups.g.network[0] names "x", which is not an environment.',
    ],
    [
      'break_glass: { tiers: { 0: { approval: self-serve } } }\n',
      'warning: break_glass.tiers.0 is self-serve and alerts nobody: add "alert".',
    ],
    [
      'break_glass: { tiers: { 1: { approval: approver, approvers: boss, min_duration: 2h, max_duration: 1h } } }\n',
      'error: break_glass.tiers.1.approvers names "boss", which is not one of "approvers".',
      'error: break_glass.tiers.1.min_duration is longer than "max_duration".',
    ],
  ])('%j: %s', async (text, ...sentences) => {
    const host = hostWith({ 'forge.yaml': text });
    const { code, out } = await forgeIn(host, 'config', 'check');
    for (const sentence of sentences) expect(out).toContain(sentence);
    expect(code).toBe(/^\S+: error:/m.test(out) ? 2 : 0);
  });

  it('without a file there is nothing to check', async () => {
    const { code, err } = await forgeIn(hostWith(), 'config', 'check');
    expect(code).toBe(2);
    expect(err).toContain('There is no configuration to check.');
  });
});

describe('forge config path', () => {
  it('prints the files, the one that is used first', async () => {
    const host = hostWith({ 'forge.yaml': 'extends: team/forge.yaml\n', 'team/forge.yaml': dev });
    expect(await forgeIn(host, 'config', 'path')).toEqual({
      code: 0,
      out: '~/forge.yaml\n~/team/forge.yaml\n',
      err: '~/forge.yaml: found upwards from the working folder.\n',
    });
  });

  it('without a file: nothing on stdout, and where it was looked for', async () => {
    const { code, out, err } = await forgeIn(hostWith(), 'config', 'path');
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('~/.config/forge/forge.yaml');
  });
});

describe('forge config show', () => {
  it('shows where each environment comes from, and where role credentials are kept', async () => {
    const host = hostWith({
      'forge.yaml':
        'extends: team.yaml\ncredential_store: none\nenvironments:\n  mine:\n    account: "999999999999"\n    region: eu-west-1\n',
      'team.yaml': sample,
    });
    const { code, out } = await forgeIn(host, 'config', 'show');
    expect(code).toBe(0);
    expect(out).toMatch(/^Files +forge\.yaml, team\.yaml$/m);
    expect(out).toMatch(/^Role credentials +not kept; those of production are never kept$/m);
    expect(out).toMatch(/^dev +111111111111 +us-east-1 +no +Forge-Developer +team\.yaml:\d+$/m);
    expect(out).toMatch(/^prod-cash +444444444444 +us-east-1 +yes +break-glass +team\.yaml:\d+$/m);
    expect(out).toMatch(/^mine +999999999999 +eu-west-1 +no +- +forge\.yaml:4$/m);
    expect(out).toMatch(/^prod-cash +cluster prod-cash \(reader\) +cash +forge_ro +forge_rw$/m);
    const json = JSON.parse((await forgeIn(host, 'config', 'show', '--output', 'json')).out);
    expect(json.environments.mine.definedIn).toEqual({ file: '~/forge.yaml', line: 4, column: 3 });
    expect(json.environments.dev.databases.shop.role.roleArn).toBe(
      'arn:aws:iam::111111111111:role/developer-rds-access',
    );
  });

  it('--yaml is one file that means the same', async () => {
    const host = hostWith({ 'forge.yaml': 'extends: team.yaml\n', 'team.yaml': sample });
    const { out } = await forgeIn(host, 'config', 'show', '--yaml');
    expect(out).toContain('# team.yaml:');
    const merged = hostWith({ 'forge.yaml': out });
    const json = async (of: typeof host) =>
      JSON.parse((await forgeIn(of, 'config', 'show', '--output', 'json')).out);
    const strip = (text: unknown) =>
      JSON.stringify(text).replace(/"definedIn":\{[^}]*\},?|"files":\[[^\]]*\],?/g, '');
    expect(strip(await json(merged))).toBe(strip(await json(host)));
  });

  it('without a file says so', async () => {
    const { code, err } = await forgeIn(hostWith(), 'config', 'show');
    expect(code).toBe(0);
    expect(err).toContain('There is no forge.yaml: forge config init writes one.');
  });
});

describe('forge config init', () => {
  const flags = [
    '--start-url',
    'https://d-9067f7c0de.awsapps.com/start',
    '--sso-region',
    'us-east-1',
    '--region',
    'eu-west-1',
  ];

  it('writes a file from flags that forge then reads', async () => {
    const host = hostWith();
    const result = await forgeIn(
      host,
      'config',
      'init',
      ...flags,
      '--environment',
      'dev=111111111111/Forge-Developer',
      '--environment',
      'prod-cash=444444444444',
    );
    expect(result).toEqual({
      code: 0,
      out: '~/.config/forge/forge.yaml\n',
      err: 'Marked as production by its name: prod-cash.\nNext: forge login\n',
    });
    const { out } = await forgeIn(host, 'config', 'show', '--output', 'json');
    expect(JSON.parse(out)).toMatchObject({
      signIn: { startUrl: 'https://d-9067f7c0de.awsapps.com/start', region: 'us-east-1', session: 'forge' },
      defaultEnvironment: 'dev',
      environments: {
        dev: {
          account: '111111111111',
          region: 'eu-west-1',
          permissionSet: 'Forge-Developer',
          production: false,
        },
        'prod-cash': { production: true },
      },
    });
  });

  it('never replaces a file unless told to', async () => {
    const host = hostWith({ 'x.yaml': 'precious\n' });
    const args = ['config', 'init', '--file', 'x.yaml', ...flags];
    const { code, err } = await forgeIn(host, ...args);
    expect(code).toBe(2);
    expect(err).toBe('Error: ~/x.yaml is there already.\nEdit it, or replace it: --force\n');
    expect(read(host, 'x.yaml')).toBe('precious\n');
    expect((await forgeIn(host, ...args, '--force')).code).toBe(0);
    expect(read(host, 'x.yaml')).toContain('start_url');
  });

  it('--plan writes nothing', async () => {
    const host = hostWith();
    const { code, out } = await forgeIn(host, 'config', 'init', ...flags, '--plan');
    expect(code).toBe(0);
    expect(out).toContain('start_url: https://d-9067f7c0de.awsapps.com/start');
    expect((await forgeIn(host, 'config', 'path')).out).toBe('');
  });

  it('without a terminal, an answer that is missing is named', async () => {
    const { code, err } = await forgeIn(hostWith(), 'config', 'init');
    expect(code).toBe(2);
    expect(err).toContain('--start-url <url>');
  });

  it.each([
    [['--environment', 'dev'], '--environment is "dev"; it must be <name>=<account>.'],
    [['--environment', 'dev=1'], 'environments.dev.account is "1"; it must be 12 digits in quotes.'],
    [['--environment', 'd v=111111111111'], 'An environment can’t be named "d v".'],
    [['--start-url', 'http://x'], 'sign_in.start_url is "http://x"; it must be an https:// address.'],
    [
      ['--session', 'a]\nb'],
      'sign_in.session is "a]\\nb"; it must be a name (1 to 64 letters, digits and ._-).',
    ],
  ])('%j is refused and nothing is written', async (args, sentence) => {
    const host = hostWith();
    const { code, err } = await forgeIn(host, 'config', 'init', ...flags, ...args);
    expect(code).toBe(2);
    expect(err).toContain(`Error: ${sentence}\n`);
    expect((await forgeIn(host, 'config', 'path')).out).toBe('');
  });

  it('--from-aws takes the sign-in and its profiles', async () => {
    const host = hostWith({
      '.aws/config':
        '[sso-session tapp]\nsso_start_url = https://d-9067f7c0de.awsapps.com/start\nsso_region = us-east-1\n[profile Dev tapp]\nsso_session = tapp\nsso_account_id = 111111111111\nsso_role_name = Forge-Developer\nregion = us-west-2\n[profile prod]\nsso_session = tapp\nsso_account_id = 444444444444\nsso_role_name = Ro\n[profile static]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n',
    });
    expect((await forgeIn(host, 'config', 'init', '--from-aws')).code).toBe(0);
    const text = read(host, '.config/forge/forge.yaml');
    expect(text).not.toContain('AKIA');
    const { out } = await forgeIn(host, 'config', 'show', '--output', 'json');
    expect(JSON.parse(out)).toMatchObject({
      signIn: { session: 'tapp' },
      environments: {
        'Dev-tapp': { account: '111111111111', region: 'us-west-2', permissionSet: 'Forge-Developer' },
        prod: { account: '444444444444', region: 'us-east-1', production: true },
      },
    });
    expect((await forgeIn(hostWith(), 'config', 'init', '--from-aws')).err).toContain(
      'There is no such sign-in in ~/.aws/config.',
    );
  });

  it('--extends begins from a team’s file', async () => {
    const host = hostWith({ 'repo/forge.yaml': dev });
    expect((await forgeIn(host, 'config', 'init', '--extends', 'repo/forge.yaml')).code).toBe(0);
    expect((await forgeIn(host, 'config', 'path')).out).toBe(
      '~/.config/forge/forge.yaml\n~/repo/forge.yaml\n',
    );
    expect(
      (await forgeIn(hostWith({ 'bad.yaml': 'x: 1\n' }), 'config', 'init', '--extends', 'bad.yaml')).code,
    ).toBe(2);
  });
});
