import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/breakglass/protocol/session.ts';
import { type ExportedPart, exporter } from '../../src/lambda/exporter.ts';
import { createCloud } from '../support/break-glass-cloud.ts';
import { minute, storedDecision, storedRequest, storyRequest } from '../support/break-glass-story.ts';

/** Whatever is in the trail, no part is more than a state of a workflow may carry, and together they have all of it. */
const limit = 262_144;
const arn = 'arn:aws:sts::333333333333:assumed-role/AWSReservedSSO_Forge-Prod-Database_0123456789abcdef/';
/** `bytes` of the request, of which nothing can be compressed away. */
const event = (number: number, bytes: number, role = arn): string =>
  JSON.stringify({
    eventID: `event-${number}`,
    eventTime: '2026-11-21T12:10:00Z',
    eventName: 'PutItem',
    userIdentity: { arn: `${role}dana@tapp.example` },
    requestParameters: randomBytes(Math.ceil((bytes * 3) / 4)).toString('base64'),
  });

const session: Session = {
  id: 'UN-x',
  sanctioned: true,
  userName: 'dana@tapp.example',
  permissionSet: 'Forge-Prod-Database',
  account: '333333333333',
  openedAt: '2026-11-21T12:00:00Z',
  expiresAt: '2026-11-21T13:00:00Z',
  approvers: [],
};

/** All parts, as the workflow asks for them. */
async function parts(pages: readonly (readonly string[])[]): Promise<readonly ExportedPart[]> {
  const lookup = async ({ pageToken }: { readonly pageToken?: string | undefined }) => {
    const number = Number(pageToken ?? 0);
    return {
      events: pages[number] ?? [],
      nextToken: number + 1 < pages.length ? String(number + 1) : undefined,
    };
  };
  const ports = { trail: { lookup } } as unknown as Parameters<typeof exporter>[0];
  const all: ExportedPart[] = [];
  for (let cursor: ExportedPart['cursor'] = { part: 1 }; cursor !== null; ) {
    const part: ExportedPart = await exporter(ports, { session, cursor });
    expect(JSON.stringify(part).length).toBeLessThan(limit * 0.8);
    expect(part.more).toBe(part.cursor !== null);
    all.push(part);
    // As it comes back through the workflow.
    cursor = JSON.parse(JSON.stringify(part.cursor)) as ExportedPart['cursor'];
    if (all.length > 1_000) throw new Error('it does not end');
  }
  return all;
}

const linesOf = (all: readonly ExportedPart[]) =>
  all.flatMap(({ gzip }) =>
    gzip === '' ? [] : gunzipSync(Buffer.from(gzip, 'base64')).toString().trimEnd().split('\n'),
  );
const idsOf = (lines: readonly string[]) =>
  lines.map((line) => (JSON.parse(line) as { eventID: string }).eventID);

describe('an export', () => {
  it('has every event once and in order, in parts that a workflow can carry', async () => {
    const size = fc.oneof({ weight: 6, arbitrary: fc.nat(2_000) }, { weight: 1, arbitrary: fc.nat(250_000) });
    const pages = fc.array(fc.array(size, { maxLength: 12 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(pages, async (sizes) => {
        let number = 0;
        const events = sizes.map((page) => page.map((bytes) => event(number++, bytes)));
        const all = await parts(events);
        expect(idsOf(linesOf(all))).toEqual(events.flat().map((_, index) => `event-${index}`));
        const names = all.flatMap(({ name }) => name ?? []);
        expect(new Set(names).size).toBe(names.length);
      }),
      { numRuns: 25 },
    );
  }, 30_000);

  it('keeps of an event that fits nowhere what it was, and its hash; and nothing of others', async () => {
    const all = await parts([
      [event(1, 250_000), event(2, 10, arn.replace('Database', 'ReadOnly')), event(3, 10)],
    ]);
    const lines = linesOf(all);
    expect(idsOf(lines)).toEqual(['event-1', 'event-3']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      eventName: 'PutItem',
      shortened: { bytes: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });
});

it('whoever makes their calls long does not keep their session from being sealed', async () => {
  const cloud = createCloud();
  const request = storedRequest(storyRequest({ minutes: 60 }));
  cloud.put(request);
  cloud.put(storedDecision(request, 1, { minutes: 60 }));
  cloud.grant();
  for (let number = 0; number < 40; number++)
    cloud.trail.push({
      account: '333333333333',
      event: JSON.parse(event(number, 60_000)) as Record<string, unknown>,
    });
  await cloud.run(90 * minute, { sweeping: true });
  expect(cloud.executions.all().filter(({ status }) => status !== 'SUCCEEDED')).toEqual([]);
  expect(
    [...cloud.archive.keys()].filter((key) => key.includes('/files/cloudtrail-')).length,
  ).toBeGreaterThan(10);
  expect([...cloud.archive.keys()].some((key) => key.startsWith('ledger/'))).toBe(true);
});
