import { describe, expect, it } from 'vitest';
import { evidencePieceBytes } from '../../src/breakglass/protocol/evidence.ts';
import type { RequestId, SessionId } from '../../src/breakglass/protocol/ids.ts';
import { evidenceKey, fileKey } from '../../src/breakglass/protocol/keys.ts';
import { type ArchiveRecord, parseRecord } from '../../src/breakglass/protocol/record.ts';
import { evidencePieces } from '../../src/breakglass/protocol/record-bodies.ts';
import { type Cloud, createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  assumeRoleEvent,
  clientId,
  eventId,
  minute,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

const emergency: SessionId = `EV-${eventId}`;

function say(
  cloud: Cloud,
  id: RequestId,
  number: number,
  by: { readonly userId: string } = people.sven,
): void {
  const key = evidenceKey(by.userId, id, number);
  cloud.put({ key, bytes: new TextEncoder().encode(`${by.userId} says ${number}\n`) });
  cloud.deliver(objectCreated(key));
}

function breakGlass(cloud: Cloud): void {
  const event = assumeRoleEvent();
  cloud.trail.push({ account: '333333333333', event });
  cloud.deliver({ source: 'aws.sts', detail: event });
}

const records = (cloud: Cloud, id: SessionId): readonly ArchiveRecord[] =>
  [...cloud.archive.keys()]
    .filter((key) => key.startsWith(`sessions/${id}/0`))
    .sort()
    .map((key) => {
      const parsed = parseRecord(cloud.archive.get(key)?.[0]?.bytes ?? new Uint8Array());
      if (!parsed.ok) throw new Error(parsed.problem);
      return parsed.value;
    });

/** What the records name, with what the archive has of it. */
const kept = (cloud: Cloud, id: SessionId): readonly (readonly [string, string])[] =>
  records(cloud, id).flatMap((record) =>
    record.kind === 'evidence'
      ? evidencePieces(record.body).map(({ from, file }) => {
          const bytes = cloud.archive.get(file.key)?.[0]?.bytes;
          return [from, Buffer.from(bytes ?? []).toString('utf8')] as const;
        })
      : [],
  );

describe('evidence', () => {
  it('of an emergency comes under its forge’s name, before AWS tells, meanwhile and after the seal', async () => {
    const cloud = createCloud();
    say(cloud, clientId, 0);
    await cloud.run(minute);
    breakGlass(cloud);
    await cloud.run(minute);
    say(cloud, clientId, 1);
    // In nobody's name but one's own: another's words, even about this very session, are not its evidence.
    say(cloud, clientId, 0, people.dana);
    await cloud.run(100 * minute, { sweeping: true });
    expect(records(cloud, emergency).at(-1)?.kind).toBe('seal');
    const said = (number: number) =>
      [evidenceKey(people.sven.userId, clientId, number), `${people.sven.userId} says ${number}\n`] as const;
    expect(kept(cloud, emergency)).toEqual([said(0), said(1)]);
    say(cloud, clientId, 2);
    say(cloud, clientId, 3);
    await cloud.run(5 * minute);
    expect(kept(cloud, emergency)).toEqual([0, 1, 2, 3].map(said));
    const last = records(cloud, emergency).at(-1);
    expect(last?.kind === 'seal' && last.body.files.filter(({ from }) => from === 'client')).toHaveLength(4);
    expect(cloud.verify().findings).toEqual([]);
    expect([...cloud.archive.keys()].filter((key) => key.includes('BG-'))).toEqual([]);
  });

  it('in a thousand pieces is kept whole, by a few records and without reading them over and over', async () => {
    const cloud = createCloud();
    const request = storedRequest(storyRequest({ minutes: 30 }));
    cloud.put(request);
    cloud.put(storedDecision(request, 1, { minutes: 30 }));
    cloud.grant();
    await cloud.run(minute);
    for (let number = 0; number < 1_000; number++) say(cloud, requestId, number, people.dana);
    await cloud.run(100 * minute);
    expect(kept(cloud, requestId)).toHaveLength(1_000);
    expect(records(cloud, requestId).length).toBeLessThan(10);
    expect(cloud.verify().findings).toEqual([]);
    // For each piece: read, copied, and hashed from what was kept.
    expect(cloud.calls.filter((name) => name.startsWith('recorder')).length).toBeLessThan(14_000);
  });

  it('that is too large is not kept, and what comes with it is', async () => {
    const cloud = createCloud();
    breakGlass(cloud);
    const key = evidenceKey(people.sven.userId, clientId, 0);
    cloud.put({ key, bytes: new Uint8Array(9 * 1024 * 1024) });
    say(cloud, clientId, 1);
    await cloud.run(100 * minute, { sweeping: true });
    expect(kept(cloud, emergency).map(([from]) => from)).toEqual([
      evidenceKey(people.sven.userId, clientId, 1),
    ]);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('that another handler copies just before the seal is written is followed by another seal', async () => {
    const cloud = createCloud();
    breakGlass(cloud);
    const set = cloud.archive.set.bind(cloud.archive);
    const key = evidenceKey(people.sven.userId, clientId, 0);
    const bytes = new TextEncoder().encode('just in time\n');
    cloud.archive.set = (name, versions) => {
      const parsed = parseRecord(versions[0]?.bytes ?? new Uint8Array());
      if (parsed.ok && parsed.value.kind === 'seal' && !cloud.intake.has(key)) {
        cloud.put({ key, bytes });
        // It looked for a seal, found none, and has nothing more to do.
        const copy = fileKey(emergency, 'client-000000.jsonl');
        set(copy, [{ ...versions[0], key: copy, versionId: 'copy', bytes } as (typeof versions)[number]]);
      }
      return set(name, versions);
    };
    await cloud.run(200 * minute, { sweeping: true });
    expect(kept(cloud, emergency)).toEqual([[key, 'just in time\n']]);
    expect(records(cloud, emergency).filter(({ kind }) => kind === 'seal')).toHaveLength(2);
    expect(cloud.verify().findings).toEqual([]);
  });

  it('of tier 3 by two people of one name is kept of both, whatever numbers they took', async () => {
    const cloud = createCloud();
    const namesake = { userId: people.lee.userId, userName: 'sven@bank.example' };
    cloud.names.set(namesake.userId, namesake.userName);
    const event = assumeRoleEvent(
      {
        userIdentity: {
          type: 'IAMUser',
          arn: 'arn:aws:iam::999999999999:user/forge/forge-emergency-a',
          accountId: '999999999999',
        },
      },
      {
        roleArn: 'arn:aws:iam::333333333333:role/forge/Forge-Prod-EmergencyOffline',
        sourceIdentity: 'sven+mia',
        tags: [
          { key: 'forge:tier', value: '3' },
          { key: 'forge:incident', value: 'INC-99' },
          { key: 'forge:id', value: clientId },
        ],
      },
    );
    cloud.trail.push({ account: '333333333333', event });
    cloud.deliver({ source: 'aws.sts', detail: event });
    say(cloud, clientId, 0);
    await cloud.run(minute);
    say(cloud, clientId, 0, namesake);
    await cloud.run(300 * minute, { sweeping: true });
    expect(kept(cloud, emergency).map(([, text]) => text)).toEqual(
      [people.sven, namesake].map(({ userId }) => `${userId} says 0\n`),
    );
    expect(cloud.verify().findings).toEqual([]);
  });

  it('in a piece that forge never writes is not kept: whoever reads the session reads all of it', async () => {
    const cloud = createCloud();
    breakGlass(cloud);
    const key = evidenceKey(people.sven.userId, clientId, 0);
    cloud.put({ key, bytes: new Uint8Array(evidencePieceBytes + 1) });
    cloud.put({
      key: evidenceKey(people.sven.userId, clientId, 1),
      bytes: new Uint8Array(evidencePieceBytes),
    });
    await cloud.run(100 * minute, { sweeping: true });
    expect(kept(cloud, emergency).map(([from]) => from)).toEqual([
      evidenceKey(people.sven.userId, clientId, 1),
    ]);
  });
});
