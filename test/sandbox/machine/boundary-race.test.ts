import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAws } from '../../../src/aws/clients.ts';
import { rewritePolicy } from '../../../src/aws/iam-boundary.ts';
import { extendBoundary, parseBoundary } from '../../../src/breakglass/protocol/boundary.ts';
import { revocationsArn } from '../../../src/sandbox/break-glass/arns.ts';
import { serviceKeys } from '../../../src/sandbox/break-glass/service-keys.ts';
import { personId } from '../aws/person-keys.ts';
import { day, type MachineStage, minute, startMachineStage, wealth } from './machine-stage.ts';

/** Two writers of one boundary: whoever comes second has not seen what the first one wrote. Nobody may be forgotten. */
let stage: MachineStage;
beforeAll(async () => {
  stage = await startMachineStage();
}, 60_000);
afterAll(() => stage[Symbol.asyncDispose]());

const policy = () => {
  const found = stage.aws.world.organisation.customerPolicies.get(revocationsArn(wealth));
  if (found === undefined) throw new Error('there is no boundary');
  return found;
};
const refused = (): readonly string[] => {
  const { versions, defaultVersion } = policy();
  return parseBoundary(versions.find(({ number }) => number === defaultVersion)?.text ?? '').map(
    ({ who }) => who,
  );
};
/** Each of the next writes takes so long that the others read meanwhile. */
const slowWrites = (times: number, delayMs: number) =>
  stage.aws.admin('POST', 'faults', { service: 'iam', operation: 'CreatePolicyVersion', delayMs, times });

describe('the boundary, written by several at once', () => {
  it.each([2, 5])('%i writers that read before any of them wrote', async (count) => {
    const { world, endpoint } = stage.aws;
    const { Credentials: issued } = await stage.sts(serviceKeys(world, 'forge-breakglass-revoker')).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${wealth}:role/forge/ForgeAuditCutTail`,
        RoleSessionName: 'race',
      }),
    );
    const keys = {
      accessKeyId: issued?.AccessKeyId ?? '',
      secretAccessKey: issued?.SecretAccessKey ?? '',
      sessionToken: issued?.SessionToken,
    };
    const aws = createAws({
      env: { AWS_ENDPOINT_URL: endpoint.url },
      now: world.now,
      monotonic: () => performance.now(),
      signal: new AbortController().signal,
    });
    const people = Array.from({ length: count }, (_, index) => `somebody-${count}-${index}`);
    await slowWrites(count, 250);
    await Promise.all(
      people.map((who) =>
        rewritePolicy(aws, 'us-east-1', keys, revocationsArn(wealth), (versions) =>
          extendBoundary(versions, [{ who, at: world.now() }], world.now()),
        ),
      ),
    );
    expect([...refused()].sort()).toEqual(expect.arrayContaining(people));
  });

  it('the revoker and the sweeper, as they are deployed', async () => {
    await stage.lever({ dropEvents: 1 });
    await stage.admit('dana');
    await slowWrites(4, 1_500);
    // The sweeper finds dana, who has no session; quinn's event calls the revoker.
    await Promise.all([stage.lever({ sweep: true }), stage.admit('quinn')]);
    await stage.settle();
    expect([stage.isIn('dana'), stage.isIn('quinn')]).toEqual([false, false]);
    for (const name of ['dana', 'quinn']) expect(refused(), name).toContain(personId(stage.aws, name));
    await stage.turn(30 * minute);
    await stage.turn(2 * day);
    expect(stage.verify().findings).toEqual([]);
  }, 30_000);
});
