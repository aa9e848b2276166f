import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { complete } from '../src/complete.ts';
import { createTestHost, type TestHost } from './support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
  const file = join(host.directories.home, 'forge.yaml');
  writeFileSync(
    file,
    `version: 1
environments:
  dev:
    account: "111111111111"
    region: us-east-1
    permission_set: Developer
    instances:
      bastion:
        id: i-0123456789abcdef0
`,
  );
  Object.assign(host.env, { FORGE_CONFIG: file });
});
afterEach(() => host.dispose());

describe('a command that is also a group', () => {
  it('offers the commands below it and its own arguments', async () => {
    const offered = await complete(['ssm', ''], host);
    expect(offered).toEqual(
      expect.arrayContaining(['list', 'run', 'forward', 'ssh-proxy', 'config', 'dev', 'dev/bastion']),
    );
    expect(await complete(['ssm', 'f'], host)).toEqual(['forward']);
    expect(await complete(['ssm', 'dev/'], host)).toEqual(['dev/bastion']);
  });

  it('offers no commands where arguments have begun', async () => {
    expect(await complete(['ssm', 'dev/bastion', ''], host)).toEqual([]);
    expect(await complete(['ssm', 'run', ''], host)).toEqual(['dev', 'dev/bastion']);
  });
});

it('offers words of a group, and nothing twice', async () => {
  expect(await complete(['db', 'c'], host)).toEqual(['changes', 'check', 'connect']);
  expect((await complete([''], host)).filter((word) => word === 'ssm')).toHaveLength(1);
});
