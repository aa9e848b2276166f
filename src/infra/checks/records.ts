import type { Question } from '../ask.ts';
import { type Caller, stranger } from '../caller.ts';
import { answered, type Check, type Judged } from '../check.ts';
import {
  act,
  add,
  administrators,
  allHandlers,
  another,
  approvers,
  archiveKey,
  auditors,
  bucketArn,
  evidenceFile,
  handler,
  intakeKey,
  killers,
  bucketKinds as kinds,
  once,
  one,
  put,
  record,
  request,
  requesters,
  tierGroups,
} from './cast.ts';

/** With all power that an IAM policy can give: only a bucket's own policy stops it. */
const almighty = ({ intent }: Judged): Caller => ({
  ...stranger(intent.accessAccount),
  label: 'a role of the access account with all power and no guard',
});
const everybody = (judged: Judged): readonly Caller[] => [
  almighty(judged),
  ...requesters(judged),
  ...approvers(judged).map(({ caller }) => caller),
  ...killers(judged),
  ...auditors(judged),
  ...administrators(judged),
];

export const auditing: readonly Check[] = [
  answered(
    'auditing',
    'allowed',
    {
      id: 'audit.read',
      title: 'an auditor lists and reads every version of every record, and its lock',
      why: 'What can’t be read can’t be verified.',
      fix: 'Take the auditor’s policy as forge infra export writes it (auditor.json).',
    },
    (judged) =>
      auditors(judged).flatMap((caller) => [
        act(caller, 's3:ListBucketVersions', bucketArn(judged, 'archive')),
        ...['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention'].flatMap((action) =>
          [record, evidenceFile, 'ledger/0000000001.json'].map((key) =>
            act(caller, action, archiveKey(judged, key)),
          ),
        ),
      ]),
  ),
  answered(
    'auditing',
    'denied',
    {
      id: 'audit.write',
      title: 'an auditor writes nothing, deletes nothing, shortens nothing, and lets nobody in',
      why: 'Who looks must not be able to change what is looked at.',
      fix: 'Take the auditor’s policy as forge infra export writes it (auditor.json).',
    },
    (judged) =>
      auditors(judged).flatMap((caller) => [
        put(caller, archiveKey(judged, record)),
        put(caller, intakeKey(judged, `requests/${one.userId}/${request}.json`)),
        ...['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObjectRetention'].map((action) =>
          act(caller, action, archiveKey(judged, record)),
        ),
        ...tierGroups(judged).map((group) => add(judged, caller, group, another)),
      ]),
  ),
];

export const records: readonly Check[] = [
  answered(
    'records',
    'allowed',
    {
      id: 'records.writer',
      title: 'the recorder writes records and the ledger, each once',
      why: 'Without a record nobody stays in: every grant would be taken away at once.',
      fix: 'Take the recorder’s policy and the archive’s as forge infra export writes them.',
    },
    (judged) =>
      handler(judged, 'recorder').flatMap((caller) =>
        [record, evidenceFile, 'ledger/0000000001.json'].map((key) => put(caller, archiveKey(judged, key))),
      ),
  ),
  answered(
    'records',
    'denied',
    {
      id: 'records.writer.twice',
      title: 'the recorder writes nothing over (no If-None-Match)',
      why: 'A broken or bought function could rewrite what was recorded.',
      fix: 'Keep WrittenOnce in the archive’s policy and the condition in the recorder’s.',
    },
    (judged) => handler(judged, 'recorder').map((caller) => put(caller, archiveKey(judged, record), {})),
  ),
  answered(
    'records',
    'denied',
    {
      id: 'records.one-writer',
      title: 'nobody else writes the archive, whatever power they have',
      why: 'A record that somebody else can write proves nothing.',
      fix: 'Keep OnlyTheRecorder in the archive’s bucket policy.',
    },
    (judged) =>
      [
        ...everybody(judged),
        ...handler(judged, 'revoker'),
        ...handler(judged, 'sweeper'),
        ...handler(judged, 'exporter'),
      ].map((caller) => put(caller, archiveKey(judged, record))),
  ),
  answered(
    'records',
    'denied',
    {
      id: 'records.delete',
      title: 'nobody deletes a record or its versions, shortens its lock, or bypasses it',
      why: 'What was done could be made undone.',
      fix: 'Keep NothingIsTaken in the archive’s bucket policy.',
    },
    (judged) =>
      [...everybody(judged), ...allHandlers(judged)].flatMap((caller) =>
        [
          's3:DeleteObject',
          's3:DeleteObjectVersion',
          's3:PutObjectRetention',
          's3:PutObjectLegalHold',
          's3:BypassGovernanceRetention',
        ].map((action) => act(caller, action, archiveKey(judged, record))),
      ),
  ),
  answered(
    'records',
    'denied',
    {
      id: 'records.intake.delete',
      title: 'nobody deletes what people wrote to the intake',
      why: 'A request, a decision or evidence could vanish before it is recorded.',
      fix: 'Keep NothingIsTaken in the intake’s bucket policy.',
    },
    (judged) =>
      [...everybody(judged), ...allHandlers(judged)].flatMap((caller) =>
        ['s3:DeleteObject', 's3:DeleteObjectVersion'].map((action) =>
          act(caller, action, intakeKey(judged, `requests/${one.userId}/${request}.json`)),
        ),
      ),
  ),
  answered(
    'records',
    'denied',
    {
      id: 'records.intake.twice',
      title: 'nobody writes over what is in the intake, whatever power they have',
      why: 'A request could be changed after it was approved.',
      fix: 'Keep WrittenOnce in the intake’s bucket policy.',
    },
    (judged) => {
      const person = { ...almighty(judged), context: { 'identitystore:UserId': one.userId } };
      return [put(person, intakeKey(judged, `requests/${one.userId}/${request}.json`), {})];
    },
  ),
  ...kinds.map((kind) =>
    answered(
      'records',
      'denied',
      {
        id: `records.${kind}.settings`,
        title: `nobody but the pipeline changes the ${kind} bucket's rules`,
        why: 'Whoever can change a bucket’s policy can do all that it forbids.',
        fix: `Keep SetByThePipeline in the ${kind} bucket's policy.`,
      },
      (judged) => {
        const actions = [
          's3:PutBucketPolicy',
          's3:DeleteBucketPolicy',
          's3:PutBucketVersioning',
          's3:PutLifecycleConfiguration',
          's3:PutReplicationConfiguration',
          's3:DeleteBucket',
          ...(kind === 'archive' ? ['s3:PutBucketObjectLockConfiguration'] : []),
        ];
        return everybody(judged).flatMap((caller) =>
          actions.map((action) => act(caller, action, bucketArn(judged, kind))),
        );
      },
    ),
  ),
  ...kinds.map((kind) =>
    answered(
      'records',
      'denied',
      {
        id: `records.${kind}.clear`,
        title: `the ${kind} bucket is spoken to by TLS only`,
        why: 'What people typed in production would go in the clear.',
        fix: `Keep NotInTheClear in the ${kind} bucket's policy.`,
      },
      (judged) => [
        {
          ...act(almighty(judged), 's3:GetObject', `${bucketArn(judged, kind)}/x`),
          context: { 'aws:SecureTransport': 'false' },
        },
      ],
    ),
  ),
  ...kinds.map((kind) =>
    answered(
      'records',
      'denied',
      {
        id: `records.${kind}.foreign`,
        title: `no other account reaches the ${kind} bucket`,
        why: 'Records and requests would be readable, or writable, from outside.',
        fix: `The ${kind} bucket's policy must allow nothing to other accounts.`,
      },
      (judged) => [
        ...['s3:GetObject', 's3:PutObject', 's3:ListBucket'].map(
          (action): Question => ({
            caller: stranger(),
            action,
            resources: [
              action === 's3:ListBucket' ? bucketArn(judged, kind) : `${bucketArn(judged, kind)}/x`,
            ],
            context: once,
          }),
        ),
      ],
    ),
  ),
  answered(
    'records',
    'denied',
    {
      id: 'records.configuration.write',
      title: 'nobody but the pipeline writes what the functions know of forge.yaml',
      why: 'Whoever writes it says who may approve what.',
      fix: 'Keep OnlyThePipeline in the configuration bucket’s policy.',
    },
    (judged) =>
      [...everybody(judged), ...allHandlers(judged)].flatMap((caller) =>
        ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'].map((action) =>
          act(caller, action, `${bucketArn(judged, 'configuration')}/policy/x.json`),
        ),
      ),
  ),
];
