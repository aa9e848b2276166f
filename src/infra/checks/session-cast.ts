import { list } from '../../iam/policy.ts';
import type { ContextEntries } from '../../iam/request-context.ts';
import { asJsonObject } from '../../lib/json-object.ts';
import type { Question } from '../ask.ts';
import type { Caller } from '../caller.ts';
import type { Judged } from '../check.ts';
import { act, granted } from './cast.ts';

/** Whom the checks of sessions on instances ask about, and what those may start them with. */
export const aws = (judged: Judged, name: string) => `arn:aws:ssm:${judged.intent.region}::document/${name}`;
export const own = ({ intent: { region } }: Judged, account: string, name: string) =>
  `arn:aws:ssm:${region}:${account}:document/${name}`;
const instance = ({ intent: { region } }: Judged, account: string) =>
  `arn:aws:ec2:${region}:${account}:instance/i-0123456789abcdef0`;
export const preferences = 'SSM-SessionManagerRunShell';
/** To whatever the instance reaches. */
export const awsTunnel = 'AWS-StartPortForwardingSessionToRemoteHost';
/** To databases and clusters alone: what module session-manager makes, under this name. */
export const endpointTunnel = 'forge-endpoint-tunnel';

/** Documents of its own account that a caller's policies name; a pattern is what it is. */
export function namedBy({ policies, account }: Caller): readonly string[] {
  const resources = policies
    .flatMap(({ Statement }) => list(Statement))
    .filter(({ Effect, Action }) => Effect === 'Allow' && list(Action ?? '*').some(isStart))
    .flatMap(({ Resource }) => list(Resource ?? '*'));
  const names = resources.flatMap(
    (resource) =>
      new RegExp(`^arn:aws[a-z-]*:ssm:[^:]*:(?:${account}|\\*):document/(.+)$`).exec(resource)?.[1] ?? [],
  );
  return [...new Set(names)];
}

const isStart = (action: string): boolean => /^(?:ssm:\*|ssm:Start\*|ssm:StartSession|\*)$/i.test(action);

/** Those of them that give a shell, and those that forge.yaml names for the scenario. */
export const documentsOf = ({ intent }: Judged, caller: Caller): readonly string[] => [
  ...new Set([
    ...intent.grants
      .filter(
        ({ permissionSet, account }) =>
          account === caller.account && caller.label.endsWith(` ${permissionSet}`),
      )
      .flatMap(({ documents }) => documents),
    ...namedBy(caller).filter((name) => name !== endpointTunnel),
  ]),
];

/** Whoever has a shell: the rest has a tunnel at most. */
export const withShell = (judged: Judged): readonly Caller[] =>
  granted(judged).filter((caller) => documentsOf(judged, caller).length > 0);

/** As an instance that has every tag which opens one. */
export function tagged({ deployment }: Judged, more: ContextEntries = {}): ContextEntries {
  const tags = deployment.permissionSets
    .flatMap(({ policies }) => policies)
    .flatMap(({ Statement }) => list(Statement))
    .filter(({ Effect, Action }) => Effect === 'Allow' && list(Action ?? '*').some(isStart))
    .flatMap(({ Condition }) => Object.entries(asJsonObject(Condition?.StringEquals) ?? {}))
    .flatMap(([key, value]) => (/^ssm:resourceTag\//.test(key) ? [[key, String(value)] as const] : []));
  return { 'ssm:SessionDocumentAccessCheck': 'true', ...Object.fromEntries(tags), ...more };
}

export const start = (
  judged: Judged,
  caller: Caller,
  document: string | undefined,
  context: ContextEntries = tagged(judged),
): Question => ({
  ...act(
    caller,
    'ssm:StartSession',
    instance(judged, caller.account),
    ...(document === undefined ? [] : [document]),
  ),
  context,
});

export const onSession = (judged: Judged, caller: Caller, action: string, who: string): Question => ({
  ...act(caller, action, `arn:aws:ssm:${judged.intent.region}:${caller.account}:session/x-0123456789abcdef0`),
  context: {
    'ssm:resourceTag/aws:ssmmessages:session-id': `AROAEXAMPLE:${who}`,
    'aws:ResourceTag/aws:ssmmessages:session-id': `AROAEXAMPLE:${who}`,
  },
});
