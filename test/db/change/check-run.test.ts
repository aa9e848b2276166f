import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/breakglass/protocol/document.ts';
import { encodeRequest, parseRequest } from '../../../src/breakglass/protocol/request.ts';
import type { LoadedRequest } from '../../../src/breakglass/request/load-request.ts';
import type { RequestStatus } from '../../../src/breakglass/request/request-state.ts';
import { emptyConfig } from '../../../src/config/build-config.ts';
import { checkRun } from '../../../src/db/change/check-run.ts';
import { people, storedRequest } from '../../support/break-glass-story.ts';

const text = 'update orders set note = null;';
const change = {
  sha256: sha256(new TextEncoder().encode(text)),
  target: 'prod-wealth/orders',
  server: 'cluster orders',
  database: 'orders',
  user: 'forge_rw',
  text,
};

function loaded(status: RequestStatus): LoadedRequest {
  const stored = storedRequest();
  const parsed = parseRequest(stored.bytes);
  if (!parsed.ok) return expect.fail(parsed.problem);
  const request = { ...parsed.value, change };
  const state = { status, needed: 1, approvedBy: [], notes: [], deniedBy: undefined, why: undefined };
  const times = { lapsesAt: 0, openedAt: 0, endsAt: 0 };
  return {
    id: request.id,
    request,
    stored: { ...stored, bytes: encodeRequest(request) },
    decisions: [],
    ended: status === 'ended',
    killed: undefined,
    digest: '',
    rule: undefined,
    state: { ...state, ...times },
  };
}
const question = {
  config: emptyConfig,
  run: undefined,
  environment: undefined,
  file: undefined,
  expectRows: undefined,
};
const codeOf = (status: RequestStatus, more: object = {}) => {
  try {
    checkRun({ ...question, loaded: loaded(status), person: people.dana, ...more });
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('a change', () => {
  it.each([
    ['waiting', 'awaiting-approval', 'AWAITING_APPROVAL'],
    ['denied', 'denied', 'REQUEST_DENIED'],
    ['lapsed', 'time-up', 'REQUEST_LAPSED'],
    ['expired', 'time-up', 'REQUEST_EXPIRED'],
    ['ended', 'time-up', 'REQUEST_ENDED'],
    ['invalid', 'denied', 'REQUEST_INVALID'],
    ['granted', 'denied', 'UNSOUND_CHANGE'],
  ] as const)('that is %s is not run: %s %s', (status, kind, code) => {
    // `granted`: this forge.yaml does not know its target.
    expect(codeOf(status)).toMatchObject({ kind, code });
  });

  it('that was run is not run, whatever became of its request', () => {
    for (const status of ['granted', 'ended', 'expired'] as const)
      expect(codeOf(status, { run: { run: undefined, at: 0 } })).toMatchObject({ code: 'ALREADY_RUN' });
  });

  it('that was stopped by an approver is not run', () => {
    const stopped = { ...loaded('ended'), killed: { by: people.mia, reason: 'wrong' } };
    expect(codeOf('ended', { loaded: stopped })).toMatchObject({ kind: 'denied', code: 'REQUEST_ENDED' });
  });

  it('of somebody else is not run, even by who approved it', () => {
    expect(codeOf('granted', { person: people.mia })).toMatchObject({ kind: 'denied', code: 'NOT_YOURS' });
  });

  it('is a request of 64 KiB at most, whose digest is its text’s', () => {
    const { request } = loaded('granted');
    const longest = `select '${'"'.repeat(65_000)}';`;
    const digest = (of: string) => sha256(new TextEncoder().encode(of));
    const bytes = encodeRequest({
      ...request,
      change: { ...change, text: longest, sha256: digest(longest) },
    });
    expect(parseRequest(bytes)).toMatchObject({ ok: true });
    const wrong = [
      { ...change, text: `${text} ` },
      { ...change, sha256: digest('') },
      { ...change, text: 'x'.repeat(65_537), sha256: digest('x'.repeat(65_537)) },
      { ...change, text: 'a\u202eb', sha256: digest('a\u202eb') },
      { ...change, target: 'prod' },
      { ...change, expectRows: -1 },
    ];
    for (const one of wrong) expect(() => encodeRequest({ ...request, change: one })).toThrow();
  });
});
