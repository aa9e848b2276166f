import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { builtForge } from '../../support/built-forge.ts';
import { forgeIn, hostWith } from '../../support/config-host.ts';
import { keys, openTerminal, type Terminal } from '../../support/pty.ts';
import type { TestHost } from '../../support/test-host.ts';

const sample = readFileSync(join(import.meta.dirname, '..', '..', '..', 'samples', 'forge.yaml'), 'utf8');

/** What the sample says, as Terraform would: minutes, null for what is not set, keys in alphabetical order. */
function fragment() {
  const { environments, groups, break_glass } = parse(sample);
  for (const [name, { account, region, production }] of Object.entries<Record<string, unknown>>(environments))
    environments[name] = { account, region, production: production ?? false };
  for (const tier of Object.values<Record<string, unknown>>(break_glass.tiers)) {
    tier.approvals = 1;
    tier.environments = null;
    tier.mfa_devices ??= {};
    if (tier.max_duration !== undefined)
      tier.max_duration = `${Number.parseInt(String(tier.max_duration), 10) * 60}m`;
  }
  return { environments, groups, break_glass };
}
type Fragment = ReturnType<typeof fragment>;

const outputs = (value: unknown, sensitive = false) =>
  JSON.stringify({
    other: { sensitive: true, type: 'string', value: 'x' },
    forge: { sensitive, type: [], value },
  });

function hostFor(text: string | undefined, value: unknown = fragment()): TestHost {
  return hostWith({ ...(text === undefined ? {} : { 'forge.yaml': text }), 'outputs.json': outputs(value) });
}
const run = (host: TestHost, ...more: string[]) =>
  forgeIn(host, 'config', 'import-terraform', 'outputs.json', ...more);
const written = (host: TestHost) => readFileSync(join(host.directories.home, 'forge.yaml'), 'utf8');
const changed = (change: (value: Fragment) => void): Fragment => {
  const value = fragment();
  change(value);
  return value;
};

describe('forge config import-terraform', () => {
  it('what the file says already is not touched: durations, defaults, null and order are no difference', async () => {
    const host = hostFor(sample);
    const before = statSync(join(host.directories.home, 'forge.yaml'), { bigint: true });
    expect(await run(host)).toEqual({
      code: 0,
      out: '',
      err: '~/forge.yaml says what Terraform says.\n'.replace('~/', ''),
    });
    expect(statSync(join(host.directories.home, 'forge.yaml'), { bigint: true }).ino).toBe(before.ino);
  });

  it('a scenario gets the session documents that Terraform made for it', async () => {
    const documents = / {6}session_documents:\n(?: {8}.*\n)+/;
    expect(sample).toMatch(documents);
    const host = hostFor(sample.replace(documents, ''));
    expect((await run(host, '--yes')).code).toBe(0);
    expect(written(host)).toBe(sample);
  });

  it('edits the values that differ and no other byte, and shows them first', async () => {
    const value = changed(({ break_glass, environments }) => {
      break_glass.region = 'eu-central-1';
      break_glass.tiers['1'].max_duration = '180m';
      break_glass.tiers['1'].scenarios = ['instance', 'database', 'kubernetes', 'console', 'logs'];
      break_glass.tiers['0'].ticket.within = '30m';
      break_glass.scenarios.logs = {
        group: 'grp-forge-jit-tier1-logs-{environment}',
        permission_set: 'Forge-Prod-Logs',
        max_duration: '60m',
      };
      environments['prod-new'] = { account: '666666666666', region: 'us-east-1', production: true };
    });
    const host = hostFor(sample, value);
    const { code, out, err } = await run(host, '--yes');
    expect({ code, out }).toEqual({ code: 0, out: '~/forge.yaml\n' });
    expect(err).toContain('-   region: us-east-1\n+   region: eu-central-1');
    expect(err).toContain('Wrote forge.yaml. Next: forge breakglass doctor');
    const expected = sample
      .replace(
        'account: "999999999999"\n  region: us-east-1',
        'account: "999999999999"\n  region: eu-central-1',
      )
      .replace('min_duration: 2h\n      max_duration: 4h', 'min_duration: 2h\n      max_duration: 3h')
      .replace('[instance, database, kubernetes, console]', '[instance, database, kubernetes, console, logs]')
      .replace('within: 1h', 'within: 30m')
      .replace(
        'group: grp-forge-jit-tier1-console-{environment}\n      max_duration: 4h\n',
        '$&    logs:\n      permission_set: Forge-Prod-Logs\n      group: grp-forge-jit-tier1-logs-{environment}\n      max_duration: 1h\n',
      )
      .replace(
        'cluster: prod-9squid\n        endpoint_type: reader\n        database: ninesquid\n        user: forge_ro\n        role: readonly-rds-access\n        write:\n          user: forge_rw\n          role: write-rds-access\n',
        '$&  prod-new:\n    account: "666666666666"\n    region: us-east-1\n    production: true\n',
      );
    expect(written(host)).toBe(expected);
    expect((await forgeIn(host, 'config', 'check')).code).toBe(0);
    expect(await run(host, '--yes')).toMatchObject({
      code: 0,
      err: 'forge.yaml says what Terraform says.\n',
    });
    const journal = (await forgeIn(host, 'audit', 'verify')).code;
    expect(journal).toBe(0);
    expect(readdirSync(host.directories.home).filter((name) => /lock|\.forge$/.test(name))).toEqual([]);
  });

  it('asks, and without a terminal it takes --yes; --plan says what would change', async () => {
    const host = hostFor(
      sample,
      changed(({ break_glass }) => (break_glass.region = 'eu-west-1')),
    );
    expect(await run(host)).toMatchObject({ code: 2, err: expect.stringContaining('Answer with --yes.') });
    const plan = await run(host, '--plan');
    expect(plan.out).toContain('break_glass.region: "us-east-1" → "eu-west-1"');
    const json = JSON.parse((await run(host, '--plan', '--output', 'json')).out);
    expect(json.steps).toHaveLength(1);
    expect(written(host)).toBe(sample);
    const { out } = await run(host, '--yes', '--output', 'json');
    expect(JSON.parse(out)).toEqual({
      file: '~/forge.yaml',
      changed: true,
      changes: [{ path: ['break_glass', 'region'], before: 'us-east-1', after: 'eu-west-1' }],
      onlyInFile: [],
    });
  });

  it('makes the file where there is none, and it is a good one', async () => {
    const host = hostFor(undefined);
    expect(await run(host, '--file', 'team/forge.yaml', '--yes')).toMatchObject({
      code: 0,
      out: '~/team/forge.yaml\n',
    });
    const file = join(host.directories.home, 'team', 'forge.yaml');
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^# forge’s configuration/);
    expect(text).toContain('break_glass:\n  account: "999999999999"\n  region: us-east-1\n');
    const { environments: _, ...rest } = parse(text);
    const { version, groups, break_glass } = parse(sample);
    delete break_glass.request_lifetime;
    for (const tier of Object.values<Record<string, unknown>>(break_glass.tiers)) {
      // What holds anyway is not written.
      if (JSON.stringify(tier.ticket) === '{"when":"before"}') delete tier.ticket;
    }
    expect(rest).toEqual({ version, groups, break_glass });
    expect((await forgeIn(host, 'config', 'check', 'team/forge.yaml')).code).toBe(0);
    const again = await run(host, '--file', 'team/forge.yaml', '--yes');
    expect(again.err).toContain('says what Terraform says');
    // Without --file it is where forge config init puts it.
    expect(await run(host, '--yes')).toMatchObject({ code: 0, out: expect.stringMatching(/forge\.yaml\n$/) });
  });

  it('from stdin, of one output, of a state, and of a plan, which it says', async () => {
    const value = fragment();
    const forms: readonly (readonly [unknown, boolean])[] = [
      [value, false],
      [{ format_version: '1.0', values: { outputs: { forge: { sensitive: false, value } } } }, false],
      [{ format_version: '1.2', planned_values: { outputs: { forge: { sensitive: false, value } } } }, true],
    ];
    for (const [form, planned] of forms) {
      const host = hostFor(sample);
      Object.assign(host, { stdin: Readable.from([Buffer.from(JSON.stringify(form))]) });
      const { code, err } = await forgeIn(host, 'config', 'import-terraform', '-');
      expect(code).toBe(0);
      expect(err.includes('is a plan')).toBe(planned);
    }
  });

  it.each<readonly [string, string, string]>([
    ['nothing', '', 'outputs.json is empty.'],
    ['no JSON', '{', 'outputs.json is not JSON.'],
    ['a list', '[]', 'outputs.json is no object'],
    ['no such output', '{"a":{"value":1}}', 'has no output "forge".\nIts outputs: a.'],
    ['a state without outputs', '{"format_version":"1.0"}', 'has no output "forge".\nThere are no outputs.'],
    ['a sensitive one', outputs(fragment(), true), 'is sensitive'],
    [
      'one that is not known yet',
      '{"format_version":"1.2","planned_values":{"outputs":{"forge":{"sensitive":false}}}}',
      'has no value yet',
    ],
    ['a text', outputs('x'), 'is no piece of forge.yaml'],
    ['no break_glass', outputs({ environments: {} }), 'It needs "break_glass".'],
    [
      'how people sign in',
      outputs({ ...fragment(), sign_in: { start_url: 'https://evil.example/start', region: 'us-east-1' } }),
      'It has "sign_in", which Terraform has no say in.',
    ],
    ['another file', outputs({ ...fragment(), extends: '/etc/passwd' }), 'is no piece of forge.yaml.'],
    ['a key that is none', outputs({ ...fragment(), command: 'rm -rf /' }), 'has no key "command"'],
    [
      'a database',
      outputs(
        changed(
          ({ environments }) =>
            (environments.dev.databases = { x: { endpoint: 'evil.example', database: 'd', user: 'u' } }),
        ),
      ),
      'environments.dev has "databases", which Terraform has no say in.',
    ],
    [
      'a number for an account',
      outputs(changed(({ break_glass }) => (break_glass.account = 999999999999))),
      'break_glass.account is the number 999999999999; it must be 12 digits',
    ],
    [
      'a name like a built-in',
      outputs(fragment()).replace('"approvers":{', '"approvers":{"__proto__":{},'),
      'can’t be used as a name',
    ],
    [
      'a tier of nobody’s',
      outputs(changed(({ break_glass }) => (break_glass.tiers['2'].approvers = 'nobody'))),
      'would be wrong: break_glass.tiers.2.approvers names "nobody"',
    ],
    [
      'production that ends',
      outputs(changed(({ environments }) => (environments['prod-cash'].production = false))),
      'prod-cash is production in forge.yaml, and Terraform says that it is not.',
    ],
  ])('%s is refused, and nothing is written', async (_, json, said) => {
    const host = hostWith({ 'forge.yaml': sample, 'outputs.json': json });
    const { code, err } = await run(host, '--yes');
    expect(err).toContain(said);
    expect(code).toBe(2);
    expect(written(host)).toBe(sample);
  });

  it.each<readonly [string, string, string]>([
    ['a mistake', sample.replace('version: 1', 'versoin: 1'), 'has no key "versoin"'],
    ['an anchor', sample.replace('region: us-east-1', 'region: &home us-east-1'), 'has an anchor'],
    ['no YAML', `${sample}\n\tx`, 'tab'],
    [
      'a comment inside of a list in brackets',
      sample.replace('[instance, database, kubernetes, console]', '[instance, # one\n        database]'),
      'does not dare to edit',
    ],
  ])('a forge.yaml with %s is left as it is', async (_, text, said) => {
    const host = hostFor(
      text,
      changed(({ break_glass }) => (break_glass.region = 'eu-west-1')),
    );
    const { code, err } = await run(host, '--yes');
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(said) });
    expect(written(host)).toBe(text);
  });

  it('CRLF, a byte order mark, no line feed at the end, and a file of comments stay what they are', async () => {
    const value = changed(
      ({ break_glass }) => (break_glass.scenarios.logs = { permission_set: 'Forge-Logs' }),
    );
    const crlf = `\uFEFF${sample.replaceAll('\n', '\r\n').trimEnd()}`;
    const host = hostFor(crlf, value);
    expect((await run(host, '--yes')).code).toBe(0);
    expect(written(host)).toBe(
      crlf.replace(
        'group: grp-forge-jit-tier1-console-{environment}\r\n      max_duration: 4h\r\n',
        '$&    logs:\r\n      permission_set: Forge-Logs\r\n',
      ),
    );
    const comments = hostFor('# ours\n\n# more', value);
    expect((await run(comments, '--yes')).code).toBe(0);
    expect(written(comments)).toMatch(/^# ours\n\n# more\nenvironments:\n/);
  });

  it('of a chain of files it asks which; that one alone is written, and only what it lacks', async () => {
    const host = hostFor(
      'extends: ./team.yaml\ndefault_environment: qa\n',
      changed(({ break_glass }) => (break_glass.region = 'eu-west-1')),
    );
    const team = join(host.directories.home, 'team.yaml');
    writeFileSync(team, sample);
    const refused = await run(host, '--yes');
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringContaining('Say which of them gets it: --file team.yaml'),
    });
    expect((await run(host, '--yes', '--file', 'forge.yaml')).code).toBe(0);
    expect(written(host)).toBe(
      'extends: ./team.yaml\ndefault_environment: qa\nbreak_glass:\n  region: eu-west-1\n',
    );
    expect(readFileSync(team, 'utf8')).toBe(sample);
  });

  it.skipIf(process.platform === 'win32')(
    'a link stays one, its target keeps its mode; what is read-only stays',
    async () => {
      const host = hostFor(
        undefined,
        changed(({ break_glass }) => (break_glass.region = 'eu-west-1')),
      );
      mkdirSync(join(host.directories.home, 'repo'));
      const target = join(host.directories.home, 'repo', 'forge.yaml');
      writeFileSync(target, sample, { mode: 0o640 });
      symlinkSync('repo/forge.yaml', join(host.directories.home, 'forge.yaml'));
      chmodSync(target, 0o440);
      expect(await run(host, '--yes')).toMatchObject({
        code: 2,
        err: expect.stringContaining('forge.yaml is read-only.'),
      });
      chmodSync(target, 0o640);
      expect((await run(host, '--yes')).code).toBe(0);
      expect(lstatSync(join(host.directories.home, 'forge.yaml')).isSymbolicLink()).toBe(true);
      expect(statSync(target).mode & 0o777).toBe(0o640);
      expect(readFileSync(target, 'utf8')).toContain('region: eu-west-1');
    },
  );

  it('says what only forge.yaml has, and leaves it', async () => {
    const value = changed(({ break_glass }) => {
      delete break_glass.tiers['3'];
      delete break_glass.scenarios.console;
      break_glass.tiers['1'].scenarios = ['instance', 'database', 'kubernetes'];
    });
    const host = hostFor(sample, value);
    const { err } = await run(host, '--yes');
    expect(err).toContain('and they stay: break_glass.tiers.3, break_glass.scenarios.console');
    expect(written(host)).toContain('scenarios: [instance, database, kubernetes]\n');
    expect(written(host)).toContain('vault_item: forge-emergency-a');
  });

  it('a thousand environments take no time worth naming', async () => {
    const value = changed(({ environments }) => {
      for (let index = 0; index < 1000; index++)
        environments[`prod-${index}`] = {
          account: String(100_000_000_000 + index),
          region: 'us-east-1',
          production: true,
        };
    });
    const host = hostFor(sample, value);
    expect((await run(host, '--yes', '--quiet')).code).toBe(0);
    expect(Object.keys(parse(written(host)).environments)).toHaveLength(1005);
    expect(existsSync(join(host.directories.home, 'forge.yaml.lock'))).toBe(false);
  });

  it('at a terminal it asks: no and Ctrl-C leave the file, what was changed meanwhile is not written over, yes writes', async () => {
    const host = hostFor(
      sample,
      changed(({ break_glass }) => {
        break_glass.region = 'eu-west-1';
      }),
    );
    const binary = await builtForge();
    const { home } = host.directories;
    const answer = async (act: (terminal: Terminal) => void) => {
      using terminal = openTerminal(
        process.execPath,
        [binary, 'config', 'import-terraform', 'outputs.json', '--file', 'forge.yaml'],
        { env: { PATH: process.env.PATH, HOME: home, USERPROFILE: home, NO_COLOR: '1' }, cwd: home },
      );
      await terminal.waitFor(/\+ +region: eu-west-1[\s\S]*Write forge\.yaml\?/);
      act(terminal);
      const code = await terminal.exit;
      return { code, text: terminal.text() };
    };
    expect(await answer((terminal) => terminal.write(keys.enter))).toMatchObject({
      code: 130,
      text: expect.stringContaining('Nothing was written.'),
    });
    expect((await answer((terminal) => terminal.write(keys.ctrlC))).code).toBe(130);
    expect(written(host)).toBe(sample);
    const meanwhile = `${sample}# theirs\n`;
    const lost = await answer((terminal) => {
      writeFileSync(join(home, 'forge.yaml'), meanwhile);
      terminal.write(`y${keys.enter}`);
    });
    expect(lost).toMatchObject({ code: 1, text: expect.stringContaining('was changed meanwhile') });
    expect(written(host)).toBe(meanwhile);
    expect((await answer((terminal) => terminal.write(`y${keys.enter}`))).code).toBe(0);
    expect(written(host)).toBe(
      meanwhile.replace(
        'account: "999999999999"\n  region: us-east-1',
        'account: "999999999999"\n  region: eu-west-1',
      ),
    );
  });
});
