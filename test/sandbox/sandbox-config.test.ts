import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { sandboxConfig } from '../../src/sandbox/process/write-config.ts';
import { createWorld } from '../../src/sandbox/world.ts';
import { createTestHost } from '../support/test-host.ts';

it('the sandbox’s forge.yaml has the names, users and roles of the organisation’s own, and addresses on loopback', async () => {
  const host = createTestHost();
  const { organisation } = createWorld({ now: Date.now });
  for (const cluster of organisation.clusters) cluster.port = 50_000 + organisation.clusters.indexOf(cluster);
  const file = join(host.directories.home, 'forge.yaml');
  const authority = join(host.directories.home, 'ca.pem');
  await writeFile(file, sandboxConfig(organisation, authority));
  const sandbox = await loadConfig(host, file);
  const sample = await loadConfig(host, join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml'));

  expect(sandbox.signIn).toEqual(sample.signIn);
  expect(sandbox.defaultEnvironment).toBe(sample.defaultEnvironment);
  expect(sandbox.credentialStore).toBe('file');
  expect([...sandbox.environments.keys()]).toEqual([...sample.environments.keys()]);
  for (const [name, environment] of sandbox.environments) {
    const own = sample.environments.get(name);
    const { account, region, production, permissionSet } = environment;
    expect({ account, region, production, permissionSet }).toEqual({
      account: own?.account,
      region: own?.region,
      production: own?.production,
      permissionSet: own?.permissionSet,
    });
    expect(environment.clusters).toEqual(own?.clusters);
    expect([...environment.databases.keys()]).toEqual([...(own?.databases.keys() ?? [])]);
    for (const [databaseName, database] of environment.databases) {
      const { address, port, ca, ...rest } = database;
      const { address: _a, port: _p, ca: _c, ...ownRest } = own?.databases.get(databaseName) ?? database;
      expect(rest).toEqual(ownRest);
      expect({ address, ca }).toEqual({ address: '127.0.0.1', ca: authority });
      expect(port).toBeGreaterThanOrEqual(50_000);
    }
  }
  expect(sandbox.breakGlass).toEqual(sample.breakGlass);
  host.dispose();
});
