import { expect, it } from 'vitest';
import { parseRecord } from '../../src/breakglass/protocol/record.ts';
import { createCloud, objectCreated } from '../support/break-glass-cloud.ts';
import {
  minute,
  people,
  requestId,
  storedDecision,
  storedRequest,
  storyRequest,
} from '../support/break-glass-story.ts';

/** A request can say anything of its writer: Slack and the records have the identity store's word. */
const asMia = { ...people.dana, userName: people.mia.userName };

it('whoever asks in another’s name is named as who they are, in Slack and on record', async () => {
  const cloud = createCloud();
  const request = storedRequest(storyRequest({ requester: asMia, minutes: 30 }));
  cloud.put(request);
  cloud.deliver(objectCreated(request.key));
  await cloud.run(minute);
  cloud.put(storedDecision(request, 1, { minutes: 30 }));
  cloud.grant();
  await cloud.run(100 * minute, { sweeping: true });
  const first = (text: string) => text.split('\n')[0] ?? '';
  expect(cloud.said.map(({ text }) => first(text)).filter((line) => line.includes('mia@'))).toEqual([]);
  expect(first(cloud.said[0]?.text ?? '')).toContain(people.dana.userName);
  const open = parseRecord(
    cloud.archive.get(`sessions/${requestId}/000000.json`)?.[0]?.bytes ?? new Uint8Array(),
  );
  expect(open.ok && open.value.kind === 'open' && open.value.body.session.userName).toBe(
    people.dana.userName,
  );
  expect(cloud.verify().findings).toEqual([]);
});

it('what is not where its writer could have put it is not told to approvers', async () => {
  const cloud = createCloud();
  const { key } = storedRequest();
  const { bytes } = storedRequest(storyRequest({ requester: people.mia }));
  cloud.put({ key, bytes });
  cloud.deliver(objectCreated(key));
  await cloud.run(minute);
  expect(cloud.said).toEqual([]);
});
