import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { presign } from '../../src/lib/sigv4.ts';
import { startPostgres } from '../../src/sandbox/postgres/start-postgres.ts';
import type { IssuedKeys } from '../../src/sandbox/principal.ts';
import { type Fronts, startFronts } from '../../src/sandbox/process/start-fronts.ts';
import { createWorld } from '../../src/sandbox/world.ts';
import { createTestHost } from '../support/test-host.ts';

export interface TokenWish {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly keys?: IssuedKeys;
  /** Epoch milliseconds of signing. */
  readonly now?: number;
}

/** The fronts, their world and PostgreSQL, without the AWS endpoint. */
export async function startTestFronts() {
  const host = createTestHost();
  const world = createWorld({ now: host.now });
  const { clusters, roles } = world.organisation;
  const postgres = await startPostgres(
    host,
    clusters.map((cluster) => ({ name: cluster.databaseName, users: cluster.databaseUsers })),
  );
  const fronts: Fronts = await startFronts(host, world, Promise.resolve(postgres));
  const folder = mkdtempSync(join(host.directories.temporary, 'ca-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, fronts.authority);
  const cluster = (identifier: string) => {
    const found = clusters.find((entry) => entry.identifier === identifier);
    if (found === undefined) throw new Error(`no cluster ${identifier}`);
    return found;
  };
  /** Keys of a role, as AssumeRole would give them. */
  const keysOf = (account: string, name: string, seconds = 3_600) => {
    const role = roles.find((entry) => entry.account === account && entry.name === name);
    if (role === undefined) throw new Error(`no role ${name}`);
    return world.keys.issueTemporary(
      {
        kind: 'role',
        account,
        arn: `arn:aws:sts::${account}:assumed-role/${name}/tester`,
        userId: `${role.id}:tester`,
        mfaAt: undefined,
        role,
        sessionName: 'tester',
        sourceIdentity: undefined,
        tags: {},
        transitiveTagKeys: [],
        sessionPolicies: [],
        person: undefined,
      },
      seconds,
    );
  };
  const token = (wish: TokenWish = {}) => {
    const dev = cluster('dev-shop');
    const keys = wish.keys ?? keysOf(dev.account, 'developer-rds-access');
    return presign({
      service: 'rds-db',
      region: dev.region,
      host: `${wish.host ?? dev.endpoint}:${wish.port ?? dev.port}`,
      path: '/',
      query: { Action: 'connect', DBUser: wish.user ?? 'developer' },
      expiresInSeconds: 900,
      keys,
      now: wish.now ?? world.now(),
    });
  };
  return {
    host,
    world,
    postgres,
    fronts,
    caFile,
    cluster,
    keysOf,
    token,
    /** The true reason of the last refusal. */
    lastReason: () => world.events.all().at(-1)?.errorMessage,
    async [Symbol.asyncDispose]() {
      await fronts[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
      host.dispose();
    },
  };
}

export type TestFronts = Awaited<ReturnType<typeof startTestFronts>>;
