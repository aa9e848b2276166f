import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Inbox } from '../../src/ssm/inbox.ts';
import { PortStream } from '../../src/ssm/port-stream.ts';
import { ReliableReceiver } from '../../src/ssm/reliable-receiver.ts';

/** What one byte of a socket's read keeps alive. */
const read = 64 * 1024;
const little = () => Buffer.alloc(read, 7).subarray(100, 101);
const kept = (bytes: Uint8Array | undefined) => bytes?.buffer.byteLength ?? read;

it('a message that waits for its turn keeps no more than itself', () => {
  const receiver = new ReliableReceiver<{ readonly payload: Uint8Array }>();
  expect(receiver.receive(1, { payload: little() })).toBe('early');
  const following = receiver.advance();
  expect(following?.payload).toEqual(Buffer.from([7]));
  expect(kept(following?.payload)).toBeLessThan(read);
});

it('nor does a payload that waits for its listener', () => {
  const inbox = new Inbox(
    () => {},
    () => {},
  );
  inbox.add(1, little());
  const given: Buffer[] = [];
  inbox.listen((_type, payload) => void given.push(payload));
  expect(given).toEqual([Buffer.from([7])]);
  expect(kept(given[0])).toBeLessThan(read);
});

it('what comes in single bytes and waits does not wait as single bytes', async () => {
  const stream = new PortStream({ send: async () => {}, close() {}, drained() {} });
  for (let count = 0; count < 20_000; count++) stream.receive(Buffer.from([count & 0xff]));
  stream.endRemote();
  const all: Buffer[] = [];
  // As they wait: an iterator would be given all at once.
  stream.on('data', (chunk: Buffer) => all.push(chunk));
  await once(stream, 'end');
  const bytes = Buffer.concat(all);
  expect(bytes).toEqual(Buffer.from(Array.from({ length: 20_000 }, (_, at) => at & 0xff)));
  expect(all.length).toBeLessThan(100);
});

it('nor what waits in a connection for its reader', async () => {
  const stream = new PortStream({ send: async () => {}, close() {}, drained() {} });
  stream.receive(Buffer.from('first'));
  stream.receive(little());
  await new Promise((resolve) => setImmediate(resolve));
  expect(stream.read(5)).toEqual(Buffer.from('first'));
  const second = stream.read(1) as Buffer;
  expect(second).toEqual(Buffer.from([7]));
  expect(kept(second)).toBeLessThan(read);
  stream.destroy();
});
