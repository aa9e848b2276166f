import { answered, type Check, stated } from '../check.ts';
import {
  act,
  add,
  another,
  archiveKey,
  evidenceFile,
  findSet,
  intakeKey,
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

const fix = 'Take the requester’s policy as forge infra export writes it (policies/requester.json).';
const own = one.userId;
const folders = ['requests', 'ends', 'runs', 'evidence'] as const;

export const asking: readonly Check[] = [
  stated(
    'asking',
    {
      id: 'ask.there',
      title: 'the permission set that people ask with is there',
      why: 'Without it nobody can ask, and people will look for other ways.',
      fix: 'Add the permission set that break_glass.request_permission_set names.',
    },
    (judged) => [
      {
        what: 'is there',
        resource: judged.intent.requestSet ?? 'request_permission_set',
        expected: 'there',
        found: findSet(judged, judged.intent.requestSet) ? 'there' : 'missing',
        holds: findSet(judged, judged.intent.requestSet) !== undefined,
      },
    ],
  ),
  ...folders.map((folder) =>
    answered(
      'asking',
      'allowed',
      {
        id: `ask.${folder}.own`,
        title: `a requester writes ${folder}/ under their own id`,
        why: 'Asking, ending, running and delivering evidence would fail in the middle of an incident.',
        fix,
      },
      (judged) =>
        requesters(judged).map((caller) =>
          put(caller, intakeKey(judged, `${folder}/${own}/${request}.json`)),
        ),
    ),
  ),
  ...folders.map((folder) =>
    answered(
      'asking',
      'denied',
      {
        id: `ask.${folder}.other`,
        title: `a requester can't write ${folder}/ under another's id`,
        why: 'Somebody could act in a colleague’s name.',
        fix,
      },
      (judged) =>
        requesters(judged).map((caller) =>
          put(caller, intakeKey(judged, `${folder}/${another.userId}/${request}.json`)),
        ),
    ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.twice',
      title: 'a requester can’t write over what is there (no If-None-Match)',
      why: 'A request could be changed after an approver has read it.',
      fix: 'Keep the condition Null s3:if-none-match false, and the bucket’s WrittenOnce.',
    },
    (judged) =>
      requesters(judged).flatMap((caller) =>
        folders.map((folder) => put(caller, intakeKey(judged, `${folder}/${own}/${request}.json`), {})),
      ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.no-name',
      title: 'nothing is written to the intake by who is no person of Identity Center',
      why: 'A policy variable without a value would make a key that belongs to nobody.',
      fix: 'Keep the condition Null identitystore:UserId false.',
    },
    (judged) =>
      requesters(judged, nobody).flatMap((caller) =>
        [`requests//${request}.json`, `requests/${request}.json`, `requests/${own}/${request}.json`].map(
          (key) => put(caller, intakeKey(judged, key)),
        ),
      ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.decide',
      title: 'a requester decides nothing, in no name',
      why: 'Whoever asks could say yes to it.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) =>
        judged.intent.tiers.flatMap(({ name }) =>
          [own, another.userId].map((id) =>
            put(caller, intakeKey(judged, `decisions/tier${name}/${request}/${id}.json`)),
          ),
        ),
      ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.add',
      title: 'a requester lets nobody in: not themselves, not others',
      why: 'Access without anybody’s approval.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) =>
        [...tierGroups(judged), ...otherGroups(judged)].flatMap((group) =>
          [one, another].map((who) => add(judged, caller, group, who)),
        ),
      ),
  ),
  answered(
    'asking',
    'allowed',
    {
      id: 'ask.end-own',
      title: 'a requester gives back their own access',
      why: 'Access that is no longer needed would stand until its time is up.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) =>
        tierGroups(judged).map((group) => remove(judged, caller, group, one)),
      ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.end-other',
      title: 'a requester ends nobody else’s access, and leaves no group of a team',
      why: 'Somebody could throw a colleague out in the middle of an incident, or change who is in a team.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) => [
        ...tierGroups(judged).map((group) => remove(judged, caller, group, another)),
        ...otherGroups(judged).map((group) => remove(judged, caller, group, one)),
      ]),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.end-no-name',
      title: 'who is no person of Identity Center ends no access with the requester’s policy',
      why: 'A variable without a value must not match.',
      fix: 'Keep the condition Null identitystore:UserId false.',
    },
    (judged) =>
      requesters(judged, nobody).flatMap((caller) =>
        tierGroups(judged).map((group) => remove(judged, caller, group, one)),
      ),
  ),
  answered(
    'asking',
    'allowed',
    {
      id: 'ask.read',
      title: 'a requester reads requests, decisions, ends, runs and stops',
      why: 'forge shows who decided what out of these.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) =>
        ['requests', 'decisions', 'ends', 'runs', 'kills'].map((folder) =>
          act(caller, 's3:GetObject', intakeKey(judged, `${folder}/x/${request}.json`)),
        ),
      ),
  ),
  answered(
    'asking',
    'allowed',
    {
      id: 'ask.evidence.read-own',
      title: 'own evidence can be read',
      why: 'forge compares what it delivers with what is there; without it evidence is delivered under wrong numbers.',
      fix,
    },
    (judged) =>
      requesters(judged).map((caller) =>
        act(caller, 's3:GetObject', intakeKey(judged, `evidence/${own}/${request}/000000.jsonl`)),
      ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.evidence.read-other',
      title: 'others’ evidence can’t be read',
      why: 'It holds what colleagues typed and saw in production.',
      fix,
    },
    (judged) =>
      requesters(judged).map((caller) =>
        act(caller, 's3:GetObject', intakeKey(judged, `evidence/${another.userId}/${request}/000000.jsonl`)),
      ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.delete',
      title: 'nothing in the intake is deleted by a requester',
      why: 'A request or its evidence could vanish.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) =>
        ['s3:DeleteObject', 's3:DeleteObjectVersion'].map((action) =>
          act(caller, action, intakeKey(judged, `requests/${own}/${request}.json`)),
        ),
      ),
  ),
  answered(
    'asking',
    'denied',
    {
      id: 'ask.archive',
      title: 'a requester neither reads nor writes the archive',
      why: 'The archive has one writer, and holds what others did.',
      fix,
    },
    (judged) =>
      requesters(judged).flatMap((caller) => [
        ...[record, evidenceFile].map((key) => act(caller, 's3:GetObject', archiveKey(judged, key))),
        put(caller, archiveKey(judged, record), once),
      ]),
  ),
];
