import { DeleteGroupMembershipCommand } from '@aws-sdk/client-identitystore';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../../src/breakglass/protocol/decision.ts';
import { sha256 } from '../../../src/breakglass/protocol/document.ts';
import { newRequestId } from '../../../src/breakglass/protocol/ids.ts';
import { decisionKey, requestKey } from '../../../src/breakglass/protocol/keys.ts';
import type { AccessRequest } from '../../../src/breakglass/protocol/request.ts';
import { groupId } from '../../sandbox/aws/person-keys.ts';
import type { Keys } from '../../sandbox/clients.ts';
import { type MachineStage, startMachineStage } from '../../sandbox/machine/machine-stage.ts';
import {
  approveTier1,
  databaseGroup,
  type HostileClient,
  identityStoreId,
  request,
  startHostileClient,
} from './hostile-client.ts';

/** What IAM lets through, for an approver may let people in: the recorder judges it, and it ends before it is of use. */
let stage: MachineStage;
let client: HostileClient;
let dana: Keys;
let mia: Keys;
beforeAll(async () => {
  stage = await startMachineStage();
  client = await startHostileClient(stage.aws);
  [dana, mia] = [await client.keys('dana', request), await client.keys('mia', approveTier1)];
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async () => {
  await stage.settle();
  expect(['dana', 'sven'].filter(stage.isIn)).toEqual([]);
});

const consoleGroup = 'grp-forge-jit-tier1-console-prod-wealth';
const person = (name: string) => ({ userId: client.user(name), userName: `${name}@tapp.example` });

interface Story {
  readonly request?: Partial<AccessRequest>;
  readonly decision?: Partial<Decision> | 'none';
}

/** Dana asks, Mia says yes, each with what differs from an honest story. */
async function asked(story: Story = {}): Promise<string> {
  const { world } = stage.aws;
  const id = newRequestId(world.now(), crypto.getRandomValues(new Uint8Array(10)));
  const bytes = encode({
    v: 1,
    kind: 'request',
    id,
    tier: 1,
    account: '333333333333',
    environment: 'prod-wealth',
    scenario: 'database',
    permissionSet: 'Forge-Prod-Database',
    groupId: groupId(stage.aws, databaseGroup),
    minutes: 60,
    ticket: 'OPS-4711',
    reason: 'Orders stuck since 11:40',
    requester: person('dana'),
    createdAt: new Date(world.now()).toISOString(),
    ...story.request,
  });
  await client.write(dana, requestKey(client.user('dana'), id), { body: textOf(bytes) });
  if (story.decision === 'none') return id;
  const decision = encode({
    v: 1,
    kind: 'decision',
    requestId: id,
    requestSha256: sha256(bytes),
    outcome: 'approved',
    minutes: 60,
    approver: person('mia'),
    ...story.decision,
  });
  await client.write(mia, decisionKey(1, id, client.user('mia')), { body: textOf(decision) });
  return id;
}
/** Forge would not write all of these. */
const encode = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const end = (keys: Keys, MembershipId: string) =>
  client
    .store(keys)
    .send(new DeleteGroupMembershipCommand({ IdentityStoreId: identityStoreId, MembershipId }));

/** Out again without the clock being turned, archived, and said aloud. */
async function expectEnded(name: string, membership: string, request?: string): Promise<void> {
  await stage.settle();
  expect(stage.isIn(name)).toBe(false);
  expect(stage.kinds(`UN-${membership}`)).toEqual(['open', 'revoke']);
  if (request !== undefined) expect(stage.kinds(request)).toEqual([]);
  const told = stage.said().find((text) => text.includes(`UN-${membership}`));
  expect(told).toContain('Access that nobody sanctioned');
}

/** An honest story beside it, on the request that is there or a new one. */
async function expectSanctioned(request?: string): Promise<void> {
  const id = request ?? (await asked());
  const membership = await client.add(mia, 'dana', databaseGroup);
  await stage.settle();
  expect(stage.isIn('dana')).toBe(true);
  expect(stage.kinds(id)).toEqual(['open']);
  await end(dana, membership);
  await stage.settle();
}

describe('a membership that an approver makes', () => {
  const stories: readonly (readonly [name: string, story: () => Story])[] = [
    ['when nobody said yes', () => ({ decision: 'none' })],
    ['when the answer was no', () => ({ decision: { outcome: 'denied' } })],
    ['on a yes to other words', () => ({ decision: { requestSha256: '0'.repeat(64) } })],
    ['on a yes for longer than was asked', () => ({ decision: { minutes: 239 } })],
    ['on a yes in another’s name', () => ({ decision: { approver: person('sven') } })],
    ['on a request in another’s name', () => ({ request: { requester: person('sven') } })],
    [
      'on a request for other access',
      () => ({
        request: {
          scenario: 'console',
          permissionSet: 'Forge-Prod-Console',
          groupId: groupId(stage.aws, consoleGroup),
        },
      }),
    ],
    ['on a request for another account', () => ({ request: { account: '444444444444' } })],
    [
      'on a request for a permission set of other power',
      () => ({ request: { permissionSet: 'Forge-Admin' } }),
    ],
    ['on a request for a day', () => ({ request: { minutes: 1439 }, decision: { minutes: 1439 } })],
    ['on a request of another tier', () => ({ request: { tier: 2 } })],
  ];

  it.each(stories)('%s: ends at once, and is archived as unsanctioned', async (_, story) => {
    const id = await asked(story());
    await expectEnded('dana', await client.add(mia, 'dana', databaseGroup), id);
  });

  it('on an honest story: stays', () => expectSanctioned());

  it('without any request: ends at once', async () => {
    await expectEnded('dana', await client.add(mia, 'dana', databaseGroup));
  });

  it('of somebody else than asked: ends at once, and leaves the request to who asked', async () => {
    const id = await asked();
    await expectEnded('sven', await client.add(mia, 'sven', databaseGroup), id);
    await expectSanctioned(id);
  });

  it('made by an administrator on another’s yes: ends at once', async () => {
    const id = await asked();
    const alex = await client.keys('alex', 'Forge-Admin');
    await expectEnded('dana', await client.add(alex, 'dana', databaseGroup), id);
    await expectSanctioned(id);
  });

  it('a second time on the same request: ends at once', async () => {
    const id = await asked();
    await expectSanctioned(id);
    const before = stage.kinds(id);
    await expectEnded('dana', await client.add(mia, 'dana', databaseGroup));
    expect(stage.kinds(id)).toEqual(before);
  });
});
