import { Client, Pool } from 'pg';
import { shop } from './shop.ts';

/** What PostgreSQL has to hold for one cluster of the stand-in's AWS. */
export interface SeedDatabase {
  readonly name: string;
  readonly users: readonly SeedUser[];
}

export interface SeedUser {
  readonly name: string;
  readonly access: 'read-only' | 'read-write';
  /** Member of rds_iam. */
  readonly rdsIam: boolean;
}

/** The owner of everything; as on RDS nobody can sign in as it. */
export const superuser = 'rdsadmin';

/** All that `pg` would else take from PG* variables of whoever starts the sandbox, from within one too. */
const asSuperuser = {
  port: 5432,
  user: superuser,
  password: '',
  ssl: false,
  options: '-c client_min_messages=warning',
  application_name: 'forge sandbox',
  client_encoding: 'UTF8',
} as const;

/** Connections of the sandbox's own, made when needed. */
export function openAdminPool(socketFolder: string): Pool {
  const pool = new Pool({ ...asSuperuser, host: socketFolder, database: 'postgres', max: 4 });
  pool.on('error', () => {});
  return pool;
}

/** One connection of the sandbox's own. */
export async function openAdmin(socketFolder: string, database = 'postgres'): Promise<Client> {
  const client = new Client({ ...asSuperuser, host: socketFolder, database });
  // A server that ends (on purpose, too) is reported to whoever waits for a query, not to the process.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Roles and databases. All clusters share one server; the front in front of each lets only its own database be reached. */
export async function seedDatabases(socketFolder: string, databases: readonly SeedDatabase[]): Promise<void> {
  const [first, ...others] = databases;
  if (first === undefined) return;
  const admin = await openAdmin(socketFolder);
  try {
    await admin.query(rolesSql(databases));
    await admin.query(`create database ${quote(first.name)}`);
    const inside = await openAdmin(socketFolder, first.name);
    try {
      await inside.query(shop);
    } finally {
      await inside.end();
    }
    for (const { name } of others) {
      await admin.query(`create database ${quote(name)} template ${quote(first.name)}`);
    }
    await Promise.all(databases.map((database) => grant(socketFolder, database)));
  } finally {
    await admin.end();
  }
}

function rolesSql(databases: readonly SeedDatabase[]): string {
  const users = new Map(databases.flatMap((database) => database.users.map((user) => [user.name, user])));
  const statements = [
    'create role rds_iam',
    'create role rds_superuser',
    'revoke connect on database postgres from public',
  ];
  for (const { name, rdsIam } of users.values()) {
    statements.push(`create role ${quote(name)} login${rdsIam ? ' in role rds_iam' : ''}`);
  }
  return statements.join(';\n');
}

/** Privileges in one database: only its own users may enter, and only writers may write. */
async function grant(socketFolder: string, database: SeedDatabase): Promise<void> {
  const writers = database.users
    .filter((user) => user.access === 'read-write')
    .map((user) => quote(user.name));
  const everybody = database.users.map((user) => quote(user.name)).join(', ');
  const statements = [
    `revoke all on database ${quote(database.name)} from public`,
    `grant connect, temporary on database ${quote(database.name)} to ${everybody}`,
    `grant select on all tables in schema public to ${everybody}`,
    `grant select on all sequences in schema public to ${everybody}`,
  ];
  for (const writer of writers) {
    statements.push(
      `grant insert, update, delete on all tables in schema public to ${writer}`,
      `grant usage, update on all sequences in schema public to ${writer}`,
      `grant create on schema public to ${writer}`,
      `alter default privileges for role ${writer} grant select on tables to ${everybody}`,
    );
  }
  const inside = await openAdmin(socketFolder, database.name);
  try {
    await inside.query(statements.join(';\n'));
  } finally {
    await inside.end();
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
