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

it('nor what waits in a connection for its reader', () => {
  const stream = new PortStream({ send: async () => {}, close() {}, drained() {} });
  stream.receive(Buffer.from('first'));
  stream.receive(little());
  expect(stream.read(5)).toEqual(Buffer.from('first'));
  const second = stream.read(1) as Buffer;
  expect(second).toEqual(Buffer.from([7]));
  expect(kept(second)).toBeLessThan(read);
  stream.destroy();
});
