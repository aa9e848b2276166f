import type { Duplex } from 'node:stream';
import { ForgeError } from '../../errors.ts';
import { errorFields } from '../proxy/error-fields.ts';
import { frame } from '../proxy/server-messages.ts';
import type { OpenUpstream } from '../proxy/upstream.ts';

/**
 * DDL needs no table, and the server looks at the transaction before it looks at rights: what comes of it is 25006, or
 * the session is not read-only, whatever else the role may not do. A table of this session alone, never committed.
 */
const attempt = 'BEGIN; CREATE TEMPORARY TABLE forge_tries_to_write (); ROLLBACK';
const readOnlyTransaction = '25006';
const longestAnswer = 64 * 1024;
const patienceMs = 10_000;

/**
 * Tries to write over a connection of the kind that a tool is about to get; it is closed then.
 * @throws ForgeError READ_ONLY_NOT_HELD, READ_ONLY_UNKNOWN; what opening throws; the signal's reason
 */
export async function probeReadOnly(open: OpenUpstream, signal: AbortSignal): Promise<void> {
  const { stream } = await open({ applicationName: 'forge', settings: new Map() }, signal);
  try {
    const sqlState = await answerOf(stream, signal);
    if (sqlState !== readOnlyTransaction) throw notHeld(sqlState);
  } finally {
    stream.destroy();
  }
}

/** SQLSTATE of the first error up to ReadyForQuery, undefined: there was none. */
function answerOf(stream: Duplex, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    let sqlState: string | undefined;
    const onAbort = () => settle(() => reject(signal.reason));
    const timer = setTimeout(() => settle(() => reject(unknown('it did not answer in time'))), patienceMs);
    const settle = (how: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      how();
    };
    const onGone = () => settle(() => reject(unknown('it closed the connection')));
    const onData = (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 5 && held.length > held.readUInt32BE(1)) {
        const end = 1 + held.readUInt32BE(1);
        if (held[0] === 0x45) sqlState ??= errorFields(held.subarray(5, end)).sqlState;
        if (held[0] === 0x5a) return settle(() => resolve(sqlState));
        held = held.subarray(end);
      }
      if (held.length > longestAnswer) settle(() => reject(unknown('its answer has no end')));
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    stream.on('data', onData);
    stream.on('error', onGone);
    stream.on('close', onGone);
    stream.write(frame('Q', `${attempt}\0`));
    stream.resume();
  });
}

function notHeld(sqlState: string | undefined): ForgeError {
  const found =
    sqlState === undefined
      ? 'a table could be made, and was rolled back'
      : `it was not for being read-only that none could be made (SQLSTATE ${sqlState})`;
  return new ForgeError('denied', `The session should be read-only and is not: ${found}.`, {
    code: 'READ_ONLY_NOT_HELD',
    hint: 'Nobody was let in. Is there a pooler before the database that keeps settings to itself? Connect to the instance, or to a reader.',
  });
}

function unknown(why: string): ForgeError {
  return new ForgeError('unreachable', `forge could not find out whether the session is read-only: ${why}.`, {
    code: 'READ_ONLY_UNKNOWN',
    hint: 'Nobody was let in. Try again.',
  });
}
