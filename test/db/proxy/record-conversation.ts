import { connect } from 'node:net';
import { frame } from '../../../src/db/proxy/server-messages.ts';
import { stageTarget } from './proxy-stage.ts';
import {
  bind,
  close,
  describe,
  execute,
  flush,
  parse,
  query,
  RawClient,
  startup,
  sync,
} from './raw-client.ts';

/** What clients say that know the protocol, as [bytes, the answer's last type]. */
const conversations: readonly (readonly (readonly [Buffer, string])[])[] = [
  [
    [query("select 1; select 'two' as b, null as n; select generate_series(1, 50)"), 'Z'],
    [query('select nope'), 'Z'],
    [query('begin; select 1'), 'Z'],
    [query('rollback'), 'Z'],
  ],
  [
    [Buffer.concat([parse('select $1::int, $2::text', 's'), describe('S', 's'), sync]), 'Z'],
    [Buffer.concat([bind({ statement: 's', values: ['1', 'ä'] }), describe('P'), execute(), sync]), 'Z'],
    [Buffer.concat([bind({ statement: 's', values: ['x', null] }), execute(), parse('select 2'), sync]), 'Z'],
    [Buffer.concat([bind({ portal: 'p', statement: 's', values: ['1', '2'] }), execute('p', 1), flush]), 's'],
    [Buffer.concat([execute('p', 1), close('P', 'p'), close('S', 's'), sync]), 'Z'],
  ],
  [
    [query('create temp table c (a int); copy c from stdin'), 'G'],
    [Buffer.concat([frame('d', '1\n2\n'), frame('d', '3\n'), frame('c', '')]), 'Z'],
    [Buffer.concat([parse('copy c from stdin'), bind(), execute(), sync]), 'G'],
    [Buffer.concat([frame('d', 'x\n'), frame('c', ''), sync]), 'Z'],
    [query('copy c to stdout'), 'Z'],
    [query("listen x; notify x, 'y'; do $$ begin raise notice 'n'; end $$"), 'Z'],
  ],
  [[query("select repeat('x', 9000) from generate_series(1, 9)"), 'Z']],
];

/** What was sent, and all that was answered, one after the other. */
export type Conversation = readonly { readonly client: Buffer; readonly server: Buffer }[];

/** With a real PostgreSQL: both sides, from after the login to the end. */
export function recordConversations(folder: string): Promise<Conversation[]> {
  return Promise.all(
    conversations.map(async (steps) => {
      const socket = connect(`${folder}/.s.PGSQL.5432`);
      using client = new RawClient(socket);
      client.send(startup(stageTarget));
      await client.until('Z');
      let chunks: Buffer[] = [];
      socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
      const exchanges: { client: Buffer; server: Buffer }[] = [];
      for (const [bytes, until] of steps) {
        client.send(bytes);
        await client.until(until);
        exchanges.push({ client: bytes, server: Buffer.concat(chunks) });
        chunks = [];
      }
      return exchanges;
    }),
  );
}
