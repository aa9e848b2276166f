import { evaluateResourcePolicy, type PolicyRequest, type TrustCaller } from '../../iam/evaluate.ts';
import { list } from '../../iam/policy.ts';
import { requestContext } from '../../iam/request-context.ts';
import { type Check, type Fact, fact, type Judged, stated } from '../check.ts';
import type { DeployedResourcePolicy } from '../deployment.ts';

/** What stands on the bus, the secret, the queues and the topic themselves: who gets at them, whatever their own policies say. */
export const resourcePolicies: readonly Check[] = [
  stated(
    'what watches',
    {
      id: 'watch.bus.put',
      title: 'the bus takes events from the forwarders of production alone',
      why: 'Whoever has power in a production account could tell the recorder of what never was.',
      fix: 'Take event-bus.json as forge infra export writes it.',
    },
    (judged) => {
      const { accessAccount, region, production } = judged.intent;
      const resource = `arn:aws:events:${region}:${accessAccount}:event-bus/forge-breakglass`;
      const put = (account: string, role: string, allowed: boolean) =>
        onOne(judged, 'aws_cloudwatch_event_bus_policy', roleOf(account, role), {
          ...{ action: 'events:PutEvents', resource, allowed },
        });
      return [
        ...production.flatMap(({ account }) => [
          put(account, 'forge/ForgeEventForwarder', true),
          put(account, 'admin', false),
          put(account, 'ForgeEventForwarder', false),
        ]),
        put('000000000000', 'forge/ForgeEventForwarder', false),
      ];
    },
  ),
  stated(
    'what watches',
    {
      id: 'watch.secret',
      title: 'the secret that leads to Slack is read by who tells, and changed by the pipeline',
      why: 'Whoever reads it can make up messages; whoever changes it reads or swallows them.',
      fix: 'Take webhook-secret.json as forge infra export writes it.',
    },
    (judged) => {
      const { accessAccount: account, region } = judged.intent;
      const resource = `arn:aws:secretsmanager:${region}:${account}:secret:forge-breakglass/slack-webhook-AbCdEf`;
      const use = (role: string, action: string, allowed: boolean) =>
        onOne(judged, 'aws_secretsmanager_secret_policy', roleOf(account, role), {
          ...{ action: `secretsmanager:${action}`, resource, allowed, leftToOwn: true },
        });
      return [
        ...['forge-breakglass-recorder', 'forge-breakglass-sweeper'].map((role) =>
          use(role, 'GetSecretValue', true),
        ),
        ...['admin', 'forge-breakglass-revoker', 'forge-breakglass-exporter'].flatMap((role) =>
          ['GetSecretValue', 'PutSecretValue', 'DeleteResourcePolicy'].map((action) =>
            use(role, action, false),
          ),
        ),
      ];
    },
  ),
  stated(
    'what watches',
    {
      id: 'watch.services',
      title:
        'what a service of AWS may do to queues and topics, it does for this organisation’s own accounts',
      why: 'A rule or an alarm of anybody’s account could write there: the service is everybody’s.',
      fix: 'Take dead-letters.json and alerts.json as forge infra export writes them: aws:SourceArn or aws:SourceAccount.',
    },
    ({ deployment, intent }) => {
      const known = [intent.accessAccount, ...intent.production.map(({ account }) => account)];
      const all = deployment.resourcePolicies.filter(({ document }) => services(document).length > 0);
      return all.map(({ what, document }) => {
        const loose = services(document).filter(({ Condition }) => {
          const sources = Object.values(Condition ?? {}).flatMap((keys) =>
            Object.entries(keys)
              .filter(([key]) => /^aws:source(?:arn|account)$/i.test(key))
              .flatMap(([, value]) => list(value)),
          );
          return !(
            sources.length > 0 && sources.every((one) => known.some((id) => String(one).includes(id)))
          );
        });
        return fact(
          'services',
          what,
          'for accounts of forge.yaml',
          loose.length === 0
            ? 'for accounts of forge.yaml'
            : `for anybody: ${loose[0]?.Sid ?? 'a statement'}`,
          loose.length === 0,
        );
      });
    },
  ),
];

const services = ({ Statement }: DeployedResourcePolicy['document']) =>
  list(Statement).filter(
    ({ Effect, Principal }) =>
      Effect === 'Allow' && typeof Principal === 'object' && list(Principal.Service).length > 0,
  );

const roleOf = (account: string, role: string): TrustCaller => ({
  account,
  arn: `arn:aws:iam::${account}:role/${role}`,
  sessionArn: `arn:aws:sts::${account}:assumed-role/${role.split('/').at(-1)}/x`,
});

interface Wanted extends Pick<PolicyRequest, 'action' | 'resource'> {
  readonly allowed: boolean;
  /** Within the account: what the policy does not refuse is the caller's own to say. */
  readonly leftToOwn?: boolean;
}

/** One question to the one policy of a type in the access account. */
function onOne({ deployment, intent }: Judged, type: string, caller: TrustCaller, wanted: Wanted): Fact {
  const { action, resource, allowed, leftToOwn = false } = wanted;
  const found = deployment.resourcePolicies.find(
    ({ account, what }) => account === intent.accessAccount && what.includes(`${type}.`),
  );
  const words = (yes: boolean) => (yes ? 'allowed' : 'denied');
  const asked = `${caller.arn} on ${resource}`;
  if (found === undefined) return fact(action, asked, words(allowed), `there is no ${type}`, false);
  const context = requestContext({
    'aws:PrincipalArn': caller.arn,
    'aws:PrincipalAccount': caller.account,
    'aws:SecureTransport': 'true',
  });
  const verdict = evaluateResourcePolicy(found.document, { action, resource, context }, caller);
  const may = leftToOwn ? verdict !== 'explicit-deny' : !verdict.endsWith('-deny');
  return fact(action, asked, words(allowed), words(may), may === allowed);
}
