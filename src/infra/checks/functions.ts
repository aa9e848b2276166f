import { answered, type Check, stated } from '../check.ts';
import {
  act,
  add,
  allHandlers,
  another,
  archiveKey,
  handler,
  handlerRole,
  handlers,
  intakeKey,
  otherGroups,
  put,
  record,
  remove,
  request,
  storeArn,
  tierGroups,
  userArn,
} from './cast.ts';

const fix = 'Take the functions’ policies as forge infra export writes them (handlers.json).';

export const functions: readonly Check[] = [
  stated(
    'functions',
    {
      id: 'functions.there',
      title: 'the four functions are there, each with its own role',
      why: 'What is not there records nothing and takes nothing away; a shared role is the sum of all powers.',
      fix: 'Keep the functions and their roles forge-breakglass-<recorder|revoker|sweeper|exporter>.',
    },
    (judged) =>
      handlers.map((name) => {
        const found = judged.deployment.functions.find((entry) => entry.name === `forge-breakglass-${name}`);
        const holds =
          handlerRole(judged, name) !== undefined &&
          found?.role === `forge-breakglass-${name}` &&
          found.handler === `index.${name}`;
        return {
          what: 'its role and handler',
          resource: `function forge-breakglass-${name}`,
          expected: `forge-breakglass-${name}, index.${name}`,
          found: found ? `${found.role ?? 'another role'}, ${found.handler}` : 'missing',
          holds,
        };
      }),
  ),
  stated(
    'functions',
    {
      id: 'functions.archive',
      title: 'what runs is the archive of this forge, byte for byte',
      why: 'Other code in the functions is other records.',
      fix: 'Run forge infra export again, with the forge that is meant to run, and plan.',
    },
    (judged) =>
      judged.deployment.functions
        .filter(({ name }) => name.startsWith('forge-breakglass-'))
        .map(({ name, codeHash }) => ({
          what: 'SHA-256 of its archive',
          resource: `function ${name}`,
          expected: judged.archiveHash,
          found: codeHash,
          holds: codeHash === judged.archiveHash,
        })),
  ),
  stated(
    'functions',
    {
      id: 'functions.environment',
      title:
        'the functions are told of the buckets and the policy that are judged here, and of no address beside',
      why: 'With another bucket they would record elsewhere; FORGE_SLACK_WEBHOOK would stand in the open.',
      fix: 'FORGE_INTAKE, FORGE_ARCHIVE, FORGE_POLICY_BUCKET as forge infra export writes them; the webhook in the secret.',
    },
    ({ deployment, intent }) =>
      deployment.functions
        .filter(({ name }) => name.startsWith('forge-breakglass-'))
        .map(({ name, environment }) => {
          const wrong = Object.entries({
            FORGE_INTAKE: intent.intakeBucket,
            FORGE_ARCHIVE: intent.archiveBucket,
            FORGE_POLICY_BUCKET: intent.configurationBucket,
            FORGE_SLACK_WEBHOOK: undefined,
          }).filter(([variable, wanted]) => environment?.[variable] !== wanted);
          return {
            what: 'environment',
            resource: `function ${name}`,
            expected: 'the buckets of forge.yaml',
            found:
              environment === undefined
                ? undefined
                : wrong.length === 0
                  ? 'the buckets of forge.yaml'
                  : `other: ${wrong.map(([key]) => key).join(', ')}`,
            holds: wrong.length === 0,
          };
        }),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.give',
      title: 'no function lets anybody in',
      why: 'Automation that can give access is access for whoever changes its code.',
      fix,
    },
    (judged) =>
      allHandlers(judged).flatMap((caller) =>
        [...tierGroups(judged), ...otherGroups(judged)].map((group) => add(judged, caller, group, another)),
      ),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.identity-center',
      title: 'no function changes Identity Center: no assignment, permission set, group or user',
      why: 'The same as letting somebody in, by another door.',
      fix,
    },
    (judged) =>
      allHandlers(judged).flatMap((caller) => [
        // Who may write another's address into a user gets that user's next password.
        ...['UpdateUser', 'DeleteUser'].map((action) =>
          act(caller, `identitystore:${action}`, storeArn(judged), userArn(another)),
        ),
        ...tierGroups(judged).flatMap((group) =>
          ['UpdateGroup', 'DeleteGroup'].map((action) =>
            act(caller, `identitystore:${action}`, storeArn(judged), group),
          ),
        ),
        ...[
          'sso:CreateAccountAssignment',
          'sso:PutInlinePolicyToPermissionSet',
          'sso:AttachManagedPolicyToPermissionSet',
          'identitystore:CreateGroup',
          'identitystore:CreateUser',
          'sso-directory:AddMemberToGroup',
        ].map((action) => act(caller, action, '*')),
      ]),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.iam',
      title: 'no function changes IAM in the access account, or passes a role',
      why: 'A function that can write its own policy may do anything.',
      fix,
    },
    (judged) =>
      allHandlers(judged).flatMap((caller) =>
        [
          'iam:PutRolePolicy',
          'iam:AttachRolePolicy',
          'iam:CreateRole',
          'iam:CreateAccessKey',
          'iam:PassRole',
          'iam:UpdateAssumeRolePolicy',
        ].map((action) => act(caller, action, caller.arn)),
      ),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.policy',
      title: 'no function writes what it knows of forge.yaml, or a request, a decision or a stop',
      why: 'A function could say who may approve, or approve.',
      fix,
    },
    (judged) =>
      allHandlers(judged).flatMap((caller) => [
        put(caller, `arn:aws:s3:::${judged.intent.configurationBucket}/policy/x.json`),
        put(caller, intakeKey(judged, `requests/${another.userId}/${request}.json`)),
        put(caller, intakeKey(judged, `decisions/tier1/${request}/${another.userId}.json`)),
        put(caller, intakeKey(judged, `kills/${request}/${another.userId}.json`)),
      ]),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.recorder.takes',
      title: 'the recorder takes nobody out, and becomes nothing in production',
      why: 'Who writes the records must not also be who acts.',
      fix,
    },
    (judged) =>
      handler(judged, 'recorder').flatMap((caller) => [
        ...tierGroups(judged).map((group) => remove(judged, caller, group, another)),
        ...['ForgeAuditCutTail', 'ForgeAuditRead'].flatMap((name) =>
          judged.intent.production.map(({ account }) =>
            act(caller, 'sts:AssumeRole', `arn:aws:iam::${account}:role/forge/${name}`),
          ),
        ),
      ]),
  ),
  ...(['revoker', 'sweeper'] as const).map((name) =>
    answered(
      'functions',
      'allowed',
      {
        id: `functions.${name}.takes`,
        title: `the ${name} takes out whoever is in a just-in-time group`,
        why: 'Access would never end.',
        fix,
      },
      (judged) =>
        handler(judged, name).flatMap((caller) =>
          tierGroups(judged).map((group) => remove(judged, caller, group, another)),
        ),
    ),
  ),
  ...(['revoker', 'sweeper'] as const).map((name) =>
    answered(
      'functions',
      'denied',
      {
        id: `functions.${name}.teams`,
        title: `the ${name} empties no group of a team`,
        why: 'One wrong event would take everybody’s everyday access.',
        fix,
      },
      (judged) =>
        handler(judged, name).flatMap((caller) =>
          otherGroups(judged).map((group) => remove(judged, caller, group, another)),
        ),
    ),
  ),
  answered(
    'functions',
    'denied',
    {
      id: 'functions.exporter.writes',
      title: 'the exporter writes no bucket, reads no records, and takes nobody out',
      why: 'What it finds goes by the workflow; it is the one that reads what AWS says.',
      fix,
    },
    (judged) =>
      handler(judged, 'exporter').flatMap((caller) => [
        put(caller, archiveKey(judged, record)),
        put(caller, intakeKey(judged, 'requests/x')),
        act(caller, 's3:GetObject', archiveKey(judged, record)),
        ...tierGroups(judged).map((group) => remove(judged, caller, group, another)),
      ]),
  ),
];
