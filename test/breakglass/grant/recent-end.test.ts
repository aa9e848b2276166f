import { afterEach, beforeEach, expect, it } from 'vitest';
import { appendToJournal } from '../../../src/audit/journal.ts';
import { safeAfterRecentEnd } from '../../../src/breakglass/grant/recent-end.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

it('an access of one’s own that ended a moment ago is known by the journal, until it does not matter any more', async () => {
  expect(safeAfterRecentEnd(host)).toBeUndefined();
  await appendToJournal(host, { type: 'breakglass.session.opened', id: 'BG-1', environment: 'prod' });
  expect(safeAfterRecentEnd(host)).toBeUndefined();
  await appendToJournal(host, {
    type: 'breakglass.session.closed',
    id: 'BG-1',
    why: 'finished',
    exitCode: 0,
  });
  await appendToJournal(host, { type: 'breakglass.session.opened', id: 'BG-2', environment: 'prod' });
  const safe = safeAfterRecentEnd(host) ?? 0;
  expect(safe - host.now()).toBeGreaterThan(60_000);
  expect(safe - host.now()).toBeLessThanOrEqual(75_000);
  const later = { ...host, directories: host.directories, now: () => host.now() + 76_000 };
  expect(safeAfterRecentEnd(later)).toBeUndefined();
});
