import { Duplex } from 'node:stream';
import { setImmediate as turnEnded } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Relay } from '../../../src/db/proxy/relay.ts';
import { frame } from '../../../src/db/proxy/server-messages.ts';
import { SessionState } from '../../../src/db/proxy/session-state.ts';
import type { Outcome, StatementWatcher } from '../../../src/db/proxy/statement.ts';
import { Turn } from '../../../src/db/proxy/turn.ts';
import { query } from './raw-client.ts';

/** The far end of a connection. */
class Far extends Duplex {
  got = '';
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.got += chunk.toString('latin1');
    done();
  }
}

const ready = frame('Z', 'I');
const answer = Buffer.concat([frame('C', 'SELECT 0\0'), ready]);
let turn: Turn;
let noted: string[];
let puts: string[][];
let outcomes: Pick<Outcome, 'end' | 'sqlState'>[];
let failing: boolean;
const relays: Relay[] = [];

const watcher: StatementWatcher = {
  before: ({ sql }) => void noted.push(sql),
  put() {
    if (failing) throw new Error('no space left');
    puts.push(noted);
    noted = [];
  },
  after: ({ end, sqlState }) => void outcomes.push({ end, sqlState }),
};

function connection(): { readonly client: Far; readonly server: Far; readonly relay: Relay } {
  const [client, server] = [new Far(), new Far()];
  const relay = new Relay({
    host: { monotonic: () => performance.now() },
    client,
    upstream: { stream: server, greeting: Buffer.alloc(0), processId: 1, cancel: async () => {} },
    guard: { check: () => undefined },
    watcher,
    state: new SessionState(relays.length + 1, '', () => 1),
    turn,
  });
  relays.push(relay);
  return { client, server, relay };
}

/** What the stream hands over at once: no turn passes. */
const says = (far: Far, bytes: Buffer) => far.emit('data', bytes);

beforeEach(() => {
  turn = new Turn();
  [noted, puts, outcomes, failing] = [[], [], [], false];
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.end({ sqlState: '57P01', message: 'over' })));
  relays.length = 0;
  expect(turn.busy).toBe(0);
});

it('a statement is recorded and sent at once where no other connection is busy', () => {
  const [one, idle] = [connection(), connection()];
  says(one.client, query('select 1'));
  expect(puts).toEqual([['select 1']]);
  expect(one.server.got).toContain('select 1');
  // Nor does its own last one hold the next.
  says(one.client, query('select 2'));
  expect(puts).toEqual([['select 1'], ['select 2']]);
  says(one.server, answer);
  says(one.server, answer);
  says(idle.client, query('select 3'));
  expect(puts).toHaveLength(3);
});

it('what several send in one turn is recorded in one write, and not sent before', async () => {
  const [busy, one, two] = [connection(), connection(), connection()];
  says(busy.client, query('select pg_sleep(1)'));
  says(one.client, query('select 1'));
  says(two.client, query('select 2'));
  expect(puts).toEqual([['select pg_sleep(1)']]);
  expect(one.server.got + two.server.got).toBe('');
  // More of the same connection waits its turn.
  says(one.client, query('select 3'));
  await turnEnded();
  expect(puts[1]).toEqual(['select 1', 'select 2']);
  expect(two.server.got).toContain('select 2');
  await turnEnded();
  expect(one.server.got.indexOf('select 1')).toBeLessThan(one.server.got.indexOf('select 3'));
  says(one.server, answer);
  says(one.server, answer);
  says(two.server, answer);
  expect(one.client.got).toContain('SELECT 0');
  expect(outcomes.map(({ end }) => end)).toEqual(['done', 'done', 'done']);
});

it('none of them is sent when they can not be recorded', async () => {
  const [busy, one, two] = [connection(), connection(), connection()];
  says(busy.client, query('select pg_sleep(1)'));
  says(one.client, query('select 1'));
  says(two.client, query('select 2'));
  failing = true;
  await turnEnded();
  await turnEnded();
  for (const { server } of [one, two]) {
    expect(server.got).toContain('refused by forge');
    expect(server.got).not.toContain('select');
  }
  expect(outcomes).toEqual(Array(2).fill({ end: 'refused', sqlState: '58030' }));
});

it('what is held when the connection ends is never sent, and its record says so', async () => {
  const [busy, one, two] = [connection(), connection(), connection()];
  says(busy.client, query('select pg_sleep(1)'));
  says(one.client, query('select 1'));
  says(two.client, query('select 2'));
  const ended = one.relay.end({ sqlState: '57P01', message: 'over' });
  two.client.destroy();
  await turnEnded();
  await ended;
  expect(one.server.got + two.server.got).not.toContain('select');
  expect(outcomes.map(({ end }) => end)).toEqual(['skipped', 'skipped']);
});
