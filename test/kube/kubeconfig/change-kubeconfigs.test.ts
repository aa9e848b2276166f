import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { changeKubeconfigs } from '../../../src/kube/kubeconfig/change-kubeconfigs.ts';
import type { KubeEntry } from '../../../src/kube/kubeconfig/kube-entry.ts';
import { kubeconfigPaths } from '../../../src/kube/kubeconfig/kubeconfig-paths.ts';
import { planRemove } from '../../../src/kube/kubeconfig/plan-remove.ts';
import { planUse } from '../../../src/kube/kubeconfig/plan-use.ts';
import { hasProgram } from '../../support/programs.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

const kubectl = hasProgram('kubectl', 'which file kubectl config writes, and what it reads', 'options');

const entry = (name = 'dev', role = 'Dev'): KubeEntry => {
  const arn = `arn:aws:eks:us-east-1:111111111111:cluster/${name}`;
  return {
    cluster: { name: arn, server: `https://${name}.example`, certificateAuthority: 'LS0t' },
    user: {
      name: `${arn}@${role}`,
      exec: {
        command: 'forge',
        args: ['kube', 'token'],
        env: {},
        interactiveMode: 'Never',
        installHint: 'x',
      },
    },
    context: { name, extension: { environment: name, production: false, role } },
  };
};

let base: TestHost;
beforeEach(() => {
  base = createTestHost();
});
afterEach(() => base.dispose());

const at = (...parts: string[]) => join(base.directories.home, ...parts);
const hostWith = (KUBECONFIG?: string, overrides: Partial<TestHost> = {}): TestHost => ({
  ...base,
  ...overrides,
  env: { ...base.env, ...(KUBECONFIG === undefined ? {} : { KUBECONFIG }) },
});
const use = (host: TestHost, entries = [entry()], makeCurrent = true) =>
  changeKubeconfigs(host, (files) => planUse(files, entries, { makeCurrent, explicit: false }));
const foreign = (name: string) =>
  `# of ${name}\napiVersion: v1\nkind: Config\nclusters:\n- {name: ${name}, cluster: {server: "https://${name}"}}\nusers:\n- {name: ${name}, user: {token: t}}\ncontexts:\n- {name: ${name}, context: {cluster: ${name}, user: ${name}}}\ncurrent-context: ${name}\n`;
const named = (path: string, list: string) =>
  (parse(readFileSync(path, 'utf8'))[list] ?? []).map((item: { name: string }) => item.name);

describe('kubeconfigPaths', () => {
  it('is what kubectl reads: a list, relative names, each once; on Windows with semicolons', () => {
    const of = (platform: NodeJS.Platform, working: string, KUBECONFIG?: string) =>
      kubeconfigPaths({
        platform,
        env: KUBECONFIG === undefined ? {} : { KUBECONFIG },
        directories: { ...base.directories, working, home: working },
      });
    expect(of('linux', '/home/me', '/a:b::/a:/home/me/b')).toEqual(['/a', '/home/me/b']);
    expect(of('linux', '/home/me')).toEqual(['/home/me/.kube/config']);
    expect(of('linux', '/home/me', ':')).toEqual(['/home/me/.kube/config']);
    expect(of('win32', 'C:\\Users\\me', 'C:\\a;D:/b;c')).toEqual(['C:\\a', 'D:\\b', 'C:\\Users\\me\\c']);
    expect(of('win32', 'C:\\Users\\me', '')).toEqual(['C:\\Users\\me\\.kube\\config']);
  });
});

describe('changeKubeconfigs', () => {
  it('makes ~/.kube/config, 0600 in a folder of 0700, and writes nothing the second time', async () => {
    const { written } = await use(base);
    const path = at('.kube', 'config');
    expect(written).toEqual([path]);
    expect([statSync(path).mode & 0o777, statSync(at('.kube')).mode & 0o777]).toEqual([0o600, 0o700]);
    const before = statSync(path);
    expect((await use(base)).written).toEqual([]);
    expect([statSync(path).ino, statSync(path).mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(readdirSync(at('.kube'))).toEqual(['config']);
  });

  it('what would contradict the authority in an entry of this name is unset; a proxy of the person’s stays', async () => {
    const { name } = entry().cluster;
    const old = `server: https://old, insecure-skip-tls-verify: true, tls-server-name: x, certificate-authority: /ca, proxy-url: "http://p"`;
    writeFileSync(at('c'), `clusters:\n- {name: "${name}", cluster: {${old}}}\n`);
    await use(hostWith(at('c')));
    expect(parse(readFileSync(at('c'), 'utf8')).clusters[0].cluster).toEqual({
      server: 'https://dev.example',
      'certificate-authority-data': 'LS0t',
      'insecure-skip-tls-verify': false,
      'tls-server-name': '',
      'certificate-authority': '',
      'proxy-url': 'http://p',
    });
    expect((await use(hostWith(at('c')))).written).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('ends where no folder can be made', async () => {
    await expect(use(hostWith('/proc/none/such/config'))).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });

  it('keeps the mode of a file', async () => {
    writeFileSync(at('c'), foreign('a'));
    chmodSync(at('c'), 0o640);
    await use(hostWith(at('c')));
    expect(statSync(at('c')).mode & 0o777).toBe(0o640);
  });

  it.each([
    ['the only one, which is missing', ['a'], [], 'a'],
    ['the first that exists', ['a', 'b', 'c'], ['b', 'c'], 'b'],
    ['the last when none exists', ['a', 'b'], [], 'b'],
    ['no empty name, and none twice', ['', 'a', '', 'a'], [], 'a'],
  ])('a new entry goes to %s', async (_, list, existing, expected) => {
    for (const name of existing) writeFileSync(at(name), foreign(name));
    const KUBECONFIG = list.map((name) => name && at(name)).join(delimiter);
    const { written } = await use(hostWith(KUBECONFIG));
    expect(written).toEqual([at(expected)]);
    expect(named(at(expected), 'contexts')).toContain('dev');
    for (const name of existing)
      if (name !== expected) expect(readFileSync(at(name), 'utf8')).toBe(foreign(name));
  });

  it.skipIf(!kubectl)(
    'kubectl config puts a new context in the same file, and an old one where it is',
    async () => {
      const shapes: readonly (readonly string[])[] = [[], ['b'], ['b', 'c'], ['a', 'c']];
      for (const [index, existing] of shapes.entries()) {
        const folders = ['forge', 'kubectl'].map((who) => {
          const folder = at(`${who}-${index}`);
          mkdirSync(folder);
          for (const name of existing) writeFileSync(join(folder, name), foreign(name));
          return folder;
        });
        const list = (folder: string) => ['a', 'b', 'c'].map((name) => join(folder, name)).join(delimiter);
        const [own = '', theirs = ''] = folders;
        const { written } = await use(hostWith(list(own)), [entry()], false);
        const env = { ...process.env, KUBECONFIG: list(theirs) };
        spawnSync('kubectl', ['config', 'set-context', 'dev', '--cluster', 'x', '--user', 'y'], { env });
        const place = readdirSync(theirs).find((name) =>
          named(join(theirs, name), 'contexts').includes('dev'),
        );
        expect(written).toEqual([join(own, place ?? 'none')]);
      }
    },
  );

  it('changes entries in the files that have them, current-context in the first that exists', async () => {
    const KUBECONFIG = [at('a'), at('b')].join(delimiter);
    await use(hostWith(at('b')), [entry()], false);
    writeFileSync(
      at('b'),
      readFileSync(at('b'), 'utf8').replace('https://dev.example', 'https://old.example'),
    );
    writeFileSync(at('a'), foreign('a'));
    const { written, result } = await use(hostWith(KUBECONFIG));
    expect(written).toEqual([at('b'), at('a')]);
    expect(readFileSync(at('a'), 'utf8')).toBe(
      foreign('a').replace('current-context: a', 'current-context: dev'),
    );
    expect(readFileSync(at('b'), 'utf8')).toContain('https://dev.example');
    expect(result).toMatchObject({ before: 'a', current: 'dev' });
  });

  it('removes from all files, and unsets current-context where it pointed there', async () => {
    await use(hostWith(at('b')));
    writeFileSync(at('a'), foreign('a').replace('current-context: a\n', ''));
    const KUBECONFIG = [at('a'), at('b')].join(delimiter);
    const change = await changeKubeconfigs(hostWith(KUBECONFIG), (files) => planRemove(files, () => true));
    expect(change.written).toEqual([at('b')]);
    expect(change.result).toMatchObject({ before: 'dev', current: undefined });
    expect(parse(readFileSync(at('b'), 'utf8'))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [],
      contexts: [],
      users: [],
      preferences: {},
      'current-context': '',
    });
  });

  it('writes to the end of links, and leaves them links', async () => {
    mkdirSync(at('dotfiles'));
    writeFileSync(at('dotfiles', 'kube'), foreign('a'), { mode: 0o600 });
    symlinkSync(join('dotfiles', 'kube'), at('middle'));
    symlinkSync(at('middle'), at('config'));
    expect((await use(hostWith(at('config')))).written).toEqual([at('config')]);
    expect([readlinkSync(at('config')), readlinkSync(at('middle'))]).toEqual([
      at('middle'),
      join('dotfiles', 'kube'),
    ]);
    expect(lstatSync(at('dotfiles', 'kube')).isFile()).toBe(true);
    expect(named(at('dotfiles', 'kube'), 'contexts')).toEqual(['a', 'dev']);
    expect(readdirSync(at('dotfiles'))).toEqual(['kube']);
  });

  it('makes what a dangling link names', async () => {
    mkdirSync(at('dotfiles'));
    symlinkSync(join('dotfiles', 'kube'), at('config'));
    await use(hostWith(at('config')));
    expect(lstatSync(at('config')).isSymbolicLink()).toBe(true);
    expect(named(at('dotfiles', 'kube'), 'contexts')).toEqual(['dev']);
    expect(statSync(at('dotfiles', 'kube')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['links in a circle', () => symlinkSync(at('c'), at('c')), 'FILE_FAILED', /too many symbolic links/],
    ['a folder', () => mkdirSync(at('c')), 'KUBECONFIG_INVALID', /is not a file/],
    [
      'a file that is too large',
      () => writeFileSync(at('c'), ' '.repeat(16 * 1024 * 1024 + 1)),
      'KUBECONFIG_INVALID',
      /larger than 16 MB/,
    ],
    [
      'another encoding',
      () => writeFileSync(at('c'), Buffer.from('a: 1\nb: \xe4\n', 'latin1')),
      'KUBECONFIG_INVALID',
      /c:2:4: this is not UTF-8/,
    ],
    ['bad YAML', () => writeFileSync(at('c'), 'a: [\n'), 'KUBECONFIG_INVALID', /c:\d+:\d+: this is not YAML/],
    [
      'a read-only file',
      () => writeFileSync(at('c'), foreign('a'), { mode: 0o400 }),
      'READ_ONLY',
      /c is read-only/,
    ],
    ['/dev/null', () => symlinkSync('/dev/null', at('c')), 'READ_ONLY', /is not a file/],
  ])('refuses %s, untouched', async (_, lay, code, message) => {
    lay();
    const before = readdirSync(base.directories.home);
    const bytes = lstatSync(at('c')).isFile() ? readFileSync(at('c')) : undefined;
    await expect(use(hostWith(at('c')))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(readdirSync(base.directories.home)).toEqual(before);
    if (bytes !== undefined) expect(readFileSync(at('c')).equals(bytes)).toBe(true);
  });

  it('refuses a file, and a link, of another user', async () => {
    writeFileSync(at('c'), foreign('a'));
    symlinkSync(at('c'), at('l'));
    const other = hostWith(at('c'), { userId: (base.userId ?? 0) + 1 });
    await expect(use(other)).rejects.toMatchObject({ code: 'UNSAFE_FILE' });
    expect(readFileSync(at('c'), 'utf8')).toBe(foreign('a'));
    // Links of root are the system's own; the test may run as root.
    if (base.userId !== 0) {
      const byLink = hostWith(at('l'), { userId: (base.userId ?? 0) + 1 });
      await expect(use(byLink)).rejects.toMatchObject({ code: 'UNSAFE_FILE', message: /link/ });
    }
  });

  it.skipIf(process.getuid?.() === 0)('a read-only folder is one clear error', async () => {
    mkdirSync(at('ro'));
    writeFileSync(at('ro', 'c'), foreign('a'));
    chmodSync(at('ro'), 0o500);
    await expect(use(hostWith(at('ro', 'c')))).rejects.toMatchObject({
      code: 'FILE_FAILED',
      message: expect.stringContaining(`${at('ro', 'c')}.lock: permission denied`),
    });
    chmodSync(at('ro'), 0o700);
  });

  describe("kubectl's lock", () => {
    it('is waited for', async () => {
      writeFileSync(at('c'), foreign('a'));
      writeFileSync(at('c.lock'), '', { mode: 0 });
      let waited = 0;
      const host = hostWith(at('c'), {
        monotonic: () => {
          // Each look at the clock is one at the lock.
          if (++waited === 3) spawnSync('rm', ['-f', at('c.lock')]);
          return waited;
        },
      });
      expect((await use(host)).written).toEqual([at('c')]);
      expect(readdirSync(base.directories.home).filter((name) => name.startsWith('c'))).toEqual(['c']);
    });

    it('is never taken away: after a while there is one clear error that names it', async () => {
      writeFileSync(at('c'), foreign('a'));
      writeFileSync(at('c.lock'), '', { mode: 0 });
      let clock = 0;
      const host = hostWith(at('c'), {
        now: () => Date.now() + 365 * 86_400_000,
        monotonic: () => {
          clock += 5_000;
          return clock;
        },
      });
      await expect(use(host)).rejects.toMatchObject({
        code: 'LOCKED',
        message: expect.stringContaining(at('c.lock')),
      });
      expect(existsSync(at('c.lock'))).toBe(true);
      expect(readFileSync(at('c'), 'utf8')).toBe(foreign('a'));
    });

    it("of a forge that died is taken over, and kubectl can't write meanwhile", async () => {
      writeFileSync(at('c'), foreign('a'));
      const dead = spawnSync(process.execPath, ['-e', 'process.stdout.write(String(process.pid))'], {
        encoding: 'utf8',
      });
      const { hostname } = await import('node:os');
      writeFileSync(at('c.lock'), `${dead.stdout} ${hostname()} 00\n`);
      expect((await use(hostWith(at('c')))).written).toEqual([at('c')]);
      expect(existsSync(at('c.lock'))).toBe(false);
    });
  });

  it('2 MB with 400 clusters: under a second, nothing foreign changed', async () => {
    const authority = Buffer.from(`-----BEGIN CERTIFICATE-----\n${'A'.repeat(3_400)}`).toString('base64');
    const names = Array.from({ length: 400 }, (_, index) => `cluster-${index}`);
    const text = `apiVersion: v1 # head\nclusters:\n${names.map((name) => `- cluster: # of ${name}\n    certificate-authority-data: ${authority}\n    server: https://${name}\n  name: ${name}\n`).join('')}contexts:\n${names.map((name) => `- {name: ${name}, context: {cluster: ${name}, user: ${name}}}\n`).join('')}users:\n${names.map((name) => `- name: "${name}"\n  user:\n    exec: {command: aws, args: [eks, get-token]}\n`).join('')}`;
    expect(text.length).toBeGreaterThan(1_900_000);
    writeFileSync(at('c'), text);
    const started = process.cpuUsage();
    await use(hostWith(at('c')));
    const { user, system } = process.cpuUsage(started);
    const after = readFileSync(at('c'), 'utf8');
    // CPU time: other work on the machine does not count.
    expect((user + system) / 1e3).toBeLessThan(1_500);
    const kept = after.split('\n').filter((line) => text.includes(line));
    for (const line of new Set(text.split('\n'))) expect(kept).toContain(line);
  });
});
