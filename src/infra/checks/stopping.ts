import { answered, type Check, fact, stated } from '../check.ts';
import type { Intent } from '../intent.ts';
import {
  act,
  add,
  another,
  approvers,
  archiveKey,
  evidenceFile,
  intakeKey,
  killers,
  nobody,
  once,
  one,
  otherGroups,
  put,
  record,
  remove,
  request,
  requesters,
  tierGroups,
} from './cast.ts';

const fix =
  'Take the policies of stopping as forge infra export writes them (stop-anybody.json, killer.json).';
const hasKillers = ({ killSet }: Intent) => killSet !== undefined;

export const stopping: readonly Check[] = [
  answered(
    'stopping',
    'allowed',
    {
      id: 'stop.approvers',
      title: 'an approver stops anybody, in their own name',
      why: 'Stopping must be faster than finding the right person.',
      fix,
    },
    (judged) =>
      approvers(judged).map(({ caller }) =>
        put(caller, intakeKey(judged, `kills/${request}/${one.userId}.json`)),
      ),
  ),
  answered(
    'stopping',
    'denied',
    {
      id: 'stop.approvers.as-other',
      title: 'an approver stops nobody in another’s name, twice, or without a name',
      why: 'Who stopped whom is a part of the record.',
      fix,
    },
    (judged) => [
      ...approvers(judged).flatMap(({ caller }) => [
        put(caller, intakeKey(judged, `kills/${request}/${another.userId}.json`)),
        put(caller, intakeKey(judged, `kills/${request}/${one.userId}.json`), {}),
      ]),
      ...approvers(judged, nobody).map(({ caller }) =>
        put(caller, intakeKey(judged, `kills/${request}/${one.userId}.json`)),
      ),
    ],
  ),
  answered(
    'stopping',
    'denied',
    {
      id: 'stop.requesters',
      title: 'a requester stops nobody, in no name',
      why: 'Whoever only asks could end a colleague’s incident, or forge a stop.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) =>
        [one, another].map((who) => put(caller, intakeKey(judged, `kills/${request}/${who.userId}.json`))),
      ),
  ),
  stated(
    'stopping',
    {
      id: 'stop.killers.there',
      title: 'the permission set that stops anybody is there, and some group holds it',
      why: 'forge.yaml tells people that they may, and AWS refuses them in the middle of an incident.',
      fix: 'Name groups in killers, or take kill_permission_set out of forge.yaml.',
      applies: hasKillers,
    },
    ({ deployment, intent }) => {
      const held = deployment.assignments.some(({ permissionSet }) => permissionSet === intent.killSet);
      const there = deployment.permissionSets.some(({ name }) => name === intent.killSet);
      const found = there ? (held ? 'there, and held' : 'nobody holds it') : 'missing';
      return [fact('is there', intent.killSet ?? '', 'there, and held', found, there && held)];
    },
  ),
  answered(
    'stopping',
    'allowed',
    {
      id: 'stop.killers',
      title: 'who holds the kill permission set stops anybody, and takes back access of every tier',
      why: 'It is made for that.',
      fix,
      applies: hasKillers,
    },
    (judged) =>
      killers(judged).flatMap((caller) => [
        put(caller, intakeKey(judged, `kills/${request}/${one.userId}.json`)),
        ...tierGroups(judged).map((group) => remove(judged, caller, group, another)),
      ]),
  ),
  answered(
    'stopping',
    'denied',
    {
      id: 'stop.killers.as-other',
      title: 'it stops nobody in another’s name, and not without a person',
      why: 'Who stopped whom is a part of the record.',
      fix,
      applies: hasKillers,
    },
    (judged) => [
      ...killers(judged).flatMap((caller) => [
        put(caller, intakeKey(judged, `kills/${request}/${another.userId}.json`)),
        put(caller, intakeKey(judged, `kills/${request}/${one.userId}.json`), {}),
      ]),
      ...killers(judged, nobody).flatMap((caller) => [
        put(caller, intakeKey(judged, `kills/${request}/${one.userId}.json`)),
        ...tierGroups(judged).map((group) => remove(judged, caller, group, another)),
      ]),
    ],
  ),
  answered(
    'stopping',
    'denied',
    {
      id: 'stop.killers.give',
      title: 'it lets nobody in, asks for nothing and decides nothing',
      why: 'Stopping is not giving: it is held by administrators.',
      fix,
      applies: hasKillers,
    },
    (judged) =>
      killers(judged).flatMap((caller) => [
        ...[...tierGroups(judged), ...otherGroups(judged)].flatMap((group) =>
          [one, another].map((who) => add(judged, caller, group, who)),
        ),
        ...['requests', 'ends', 'evidence'].map((folder) =>
          put(caller, intakeKey(judged, `${folder}/${one.userId}/${request}.json`)),
        ),
        ...judged.intent.tiers.map(({ name }) =>
          put(caller, intakeKey(judged, `decisions/tier${name}/${request}/${one.userId}.json`)),
        ),
      ]),
  ),
  answered(
    'stopping',
    'denied',
    {
      id: 'stop.killers.teams',
      title: 'it empties no group of a team',
      why: 'It would take everyday access, and approvers, away.',
      fix,
      applies: hasKillers,
    },
    (judged) =>
      killers(judged).flatMap((caller) =>
        otherGroups(judged).map((group) => remove(judged, caller, group, another)),
      ),
  ),
  answered(
    'stopping',
    'denied',
    {
      id: 'stop.killers.records',
      title: 'it reads no evidence, and writes no record',
      why: 'Evidence is for auditors, and the archive has one writer.',
      fix,
      applies: hasKillers,
    },
    (judged) =>
      killers(judged).flatMap((caller) => [
        act(caller, 's3:GetObject', archiveKey(judged, evidenceFile)),
        put(caller, archiveKey(judged, record), once),
      ]),
  ),
];
