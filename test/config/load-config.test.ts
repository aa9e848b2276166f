import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { failureOf, hostWith } from '../support/config-host.ts';

const environment = (name: string, account = '111111111111') =>
  `environments:\n  ${name}:\n    account: "${account}"\n    region: us-east-1\n`;
const personal = '.config/forge/forge.yaml';

async function namesIn(host: ReturnType<typeof hostWith>, explicit?: string) {
  return [...(await loadConfig(host, explicit)).environments.keys()];
}

function workingIn(host: ReturnType<typeof hostWith>, folder: string, extra: object = {}) {
  const working = join(host.directories.home, folder);
  mkdirSync(working, { recursive: true });
  return { ...host, ...extra, directories: { ...host.directories, working } };
}

describe('where forge.yaml is found', () => {
  it('nowhere: an empty configuration', async () => {
    const config = await loadConfig(hostWith(), undefined);
    expect(config).toMatchObject({ files: [], signIn: undefined, credentialStore: 'auto' });
    expect(config.environments.size).toBe(0);
  });

  it('--config before FORGE_CONFIG before folders upwards before the own one', async () => {
    const files = {
      'option.yaml': environment('option'),
      'variable.yaml': environment('variable'),
      'repo/forge.yaml': environment('folder'),
      [personal]: environment('own'),
    };
    const host = hostWith(files);
    const inside = workingIn(host, 'repo/src/deep');
    const withVariable = { ...inside, env: { FORGE_CONFIG: '../../../variable.yaml' } };
    expect(await namesIn(withVariable, '../../../option.yaml')).toEqual(['option']);
    expect(await namesIn(withVariable)).toEqual(['variable']);
    expect(await namesIn(inside)).toEqual(['folder']);
    expect(await namesIn(workingIn(host, 'elsewhere'))).toEqual(['own']);
    expect(await namesIn({ ...inside, env: { FORGE_CONFIG: '' } })).toEqual(['folder']);
  });

  it('the search ends at the home folder', async () => {
    const host = hostWith({ 'forge.yaml': environment('above') });
    const home = join(host.directories.home, 'home');
    const inside = workingIn(host, 'home/project');
    expect(await namesIn({ ...inside, directories: { ...inside.directories, home } })).toEqual([]);
    expect(await namesIn(inside)).toEqual(['above']);
  });

  it('a file that is named and missing, a folder, or unreadable is an error', async () => {
    const host = hostWith();
    mkdirSync(join(host.directories.home, 'folder.yaml'));
    expect(await failureOf(host, loadConfig(host, 'no.yaml'))).toMatchObject({
      kind: 'usage',
      code: 'CONFIG_NOT_FOUND',
      message: 'The configuration ~/no.yaml does not exist.',
    });
    expect(await failureOf(host, loadConfig(host, 'folder.yaml'))).toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: 'The configuration ~/folder.yaml is a folder.',
      hint: 'Name the file in it: ~/folder.yaml/forge.yaml',
    });
    expect(await failureOf(host, loadConfig(host, '/dev/null'))).toMatchObject({
      message: 'The configuration /dev/null is not a file.',
    });
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'an unreadable file is named',
    async () => {
      const host = hostWith({ 'forge.yaml': environment('dev') });
      chmodSync(join(host.directories.home, 'forge.yaml'), 0o000);
      expect(await failureOf(host, loadConfig(host, undefined))).toMatchObject({
        message: 'The configuration ~/forge.yaml can’t be read: permission denied.',
      });
    },
  );

  it.skipIf(process.platform === 'win32')(
    'a file that every user may change is refused, named or not',
    async () => {
      const host = hostWith({ 'forge.yaml': environment('dev') });
      chmodSync(join(host.directories.home, 'forge.yaml'), 0o666);
      for (const named of [undefined, 'forge.yaml']) {
        expect(await failureOf(host, loadConfig(host, named))).toMatchObject({
          code: 'CONFIG_UNREADABLE',
          message: 'The configuration ~/forge.yaml can be changed by every user of this machine.',
          hint: 'chmod o-w ~/forge.yaml',
        });
      }
    },
  );

  it.skipIf(process.platform === 'win32')(
    'a file of another user is taken only when it is named',
    async () => {
      const isRoot = process.getuid?.() === 0;
      const host = hostWith({ 'forge.yaml': environment('dev') }, isRoot ? {} : { userId: 4242 });
      if (isRoot) chownSync(join(host.directories.home, 'forge.yaml'), 4242, 4242);
      expect(await failureOf(host, loadConfig(host, undefined))).toMatchObject({
        code: 'CONFIG_UNTRUSTED',
        message: '~/forge.yaml belongs to another user, and was not named by you.',
      });
      expect(await namesIn(host, 'forge.yaml')).toEqual(['dev']);
    },
  );
});

describe('extends', () => {
  it('mappings are merged by key; scalars and lists are replaced; the order is the first file’s', async () => {
    const host = hostWith({
      'team.yaml': `version: 1\ndefault_environment: dev\n${environment('dev')}    role_chain: [a, b]\n    databases:\n      shop: { cluster: c, database: d, user: u }\n  qa:\n    account: "222222222222"\n    region: us-east-1\n`,
      'forge.yaml': `extends: team.yaml\ndefault_environment: qa\nenvironments:\n  dev:\n    role_chain: [c]\n    databases:\n      shop: { user: me }\n  mine:\n    account: "333333333333"\n    region: eu-west-1\n`,
    });
    const config = await loadConfig(host, undefined);
    expect(config.files).toEqual(
      ['forge.yaml', 'team.yaml'].map((file) => join(host.directories.home, file)),
    );
    expect([...config.environments.keys()]).toEqual(['dev', 'qa', 'mine']);
    expect(config.defaultEnvironment).toBe('qa');
    const dev = config.environments.get('dev');
    expect(dev?.roleChain.map((step) => step.roleArn)).toEqual(['arn:aws:iam::111111111111:role/c']);
    expect(dev?.databases.get('shop')).toMatchObject({ user: 'me', database: 'd' });
  });

  it('a key without a value leaves the team’s mapping as it is', async () => {
    const host = hostWith({
      'team.yaml': environment('dev'),
      'forge.yaml': 'extends: team.yaml\nenvironments:\n',
    });
    expect(await namesIn(host)).toEqual(['dev']);
  });

  it('a mistake is placed in the file that makes it', async () => {
    const host = hostWith({
      'team/team.yaml': `${environment('dev')}    production: maybe\n`,
      'forge.yaml': 'extends: team/team.yaml\nenvironments:\n  dev:\n    region: us-east-2\n',
    });
    expect((await failureOf(host, loadConfig(host, undefined))).message).toMatch(/^team\/team\.yaml:5:17: /);
    const other = hostWith({
      'team.yaml': environment('dev'),
      'forge.yaml': 'extends: team.yaml\nenvironments:\n  dev:\n    region: 7\n',
    });
    expect((await failureOf(other, loadConfig(other, undefined))).message).toMatch(/^forge\.yaml:4:13: /);
  });

  it('paths belong to the file that says them', async () => {
    const host = hostWith({
      'team/base.yaml': `${environment('dev')}    databases:\n      shop: { cluster: c, database: d, user: u, ca: ca.pem }\n`,
      'forge.yaml': 'extends: ./team/base.yaml\n',
    });
    const config = await loadConfig(host, undefined);
    const database = config.environments.get('dev')?.databases.get('shop');
    expect(database?.ca).toBe(join(host.directories.home, 'team', 'ca.pem'));
  });

  it.each([
    [
      'extends: forge.yaml',
      'names ~/forge.yaml, which was read already: the files extend each other in a circle.',
    ],
    [
      'extends: b.yaml',
      'names ~/forge.yaml, which was read already: the files extend each other in a circle.',
    ],
    ['extends: none.yaml', 'names ~/none.yaml, which does not exist.'],
    ['extends: https://example.com/forge.yaml', 'names https://example.com/forge.yaml, which is no file.'],
    ['extends: file:///etc/forge.yaml', 'names file:///etc/forge.yaml, which is no file.'],
  ])('%s is refused', async (text, sentence) => {
    const host = hostWith({ 'forge.yaml': text, 'b.yaml': 'extends: forge.yaml' });
    const { message } = await failureOf(host, loadConfig(host, undefined));
    expect(message).toMatch(/^(forge|b)\.yaml:1:10: extends /);
    expect(message?.replace(/^.*: extends /, '')).toBe(sentence);
  });

  it('at most eight in a row', async () => {
    const chain = (length: number) =>
      hostWith(
        Object.fromEntries(
          Array.from({ length }, (_, index) => [
            index === 0 ? 'forge.yaml' : `${index}.yaml`,
            index === length - 1 ? environment('last') : `extends: ${index + 1}.yaml\n`,
          ]),
        ),
      );
    expect(await namesIn(chain(8))).toEqual(['last']);
    const host = chain(9);
    expect((await failureOf(host, loadConfig(host, undefined))).message).toContain(
      'at most 8 files extend each other',
    );
  });

  it('~/ is the home folder', async () => {
    const host = hostWith({ 'team.yaml': environment('dev'), [personal]: 'extends: ~/team.yaml\n' });
    expect(await namesIn(workingIn(host, 'x'))).toEqual(['dev']);
  });

  it('the own file that extends the one in the folder is used there too, through a link as well', async () => {
    const host = hostWith({ 'src/repo/forge.yaml': environment('team') });
    symlinkSync(join(host.directories.home, 'src'), join(host.directories.home, 'link'));
    const other = hostWith({ 'src/repo/forge.yaml': environment('team'), [personal]: environment('own') });
    for (const base of ['src', 'link']) {
      mkdirSync(join(host.directories.config), { recursive: true });
      writeFileSync(
        join(host.directories.config, 'forge.yaml'),
        `extends: ~/${base}/repo/forge.yaml\n${environment('mine', '999999999999')}`,
      );
      expect(await namesIn(workingIn(host, 'src/repo/deep'))).toEqual(['team', 'mine']);
    }
    expect(await namesIn(workingIn(other, 'src/repo'))).toEqual(['team']);
  });
});
