import attempts from '../../../infra/modules/access-account/rules/emergency-attempts.json' with {
  type: 'json',
};
import forwarded from '../../../infra/modules/access-account/rules/forwarded.json' with { type: 'json' };
import intakeObjects from '../../../infra/modules/access-account/rules/intake.json' with { type: 'json' };
import memberships from '../../../infra/modules/access-account/rules/memberships.json' with { type: 'json' };
import offlineUser from '../../../infra/modules/access-account/rules/offline-user.json' with { type: 'json' };
import emergencyRoles from '../../../infra/modules/production-account/rules/emergency-roles.json' with {
  type: 'json',
};
import singleSignOn from '../../../infra/modules/production-account/rules/single-sign-on.json' with {
  type: 'json',
};
import { fillTemplate } from '../../lib/fill-template.ts';
import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { compilePattern, type EventMatcher } from '../../lib/match-event-pattern.ts';
import { intake, intakeBucket } from '../break-glass/arns.ts';
import { accessNames, productionNames } from '../break-glass/policy-names.ts';
import type { CallEvent } from '../event-log.ts';
import { accessAccount, productionAccounts } from '../seed-accounts.ts';
import { trailEvents } from './trail.ts';

/** Patterns of the rules on an account's default bus, as Terraform deploys them here. */
const rulesOf: ReadonlyMap<string, readonly EventMatcher[]> = new Map([
  [
    accessAccount,
    [memberships, intakeObjects, attempts, offlineUser].map((rule) =>
      compilePattern(fillTemplate(rule, accessNames)),
    ),
  ],
  ...productionAccounts.map(
    (account) =>
      [
        account.id,
        [emergencyRoles, singleSignOn].map((rule) =>
          compilePattern(fillTemplate(rule, productionNames(account))),
        ),
      ] as const,
  ),
]);
/** Of the bus that production accounts' rules put events on. */
const fromElsewhere = compilePattern(fillTemplate(forwarded, accessNames));

/**
 * What EventBridge brings to the recorder: what the rules of the access account's bus match and, by the bus of break-glass, those of
 * each production account. An event that two rules match comes twice at AWS; here once.
 */
export function eventsForRecorder(event: CallEvent): readonly JsonObject[] {
  return eventsOf(event).filter((told) => {
    const rules = rulesOf.get(String(told.account)) ?? [];
    return rules.some((fits) => fits(told)) && (told.account === accessAccount || fromElsewhere(told));
  });
}

/** What AWS's services put on the default buses of the accounts that it concerns. */
function eventsOf(event: CallEvent): readonly JsonObject[] {
  if (event.service === 's3') return objectCreated(event);
  const { service, time, region } = event;
  return trailEvents(event).map((detail) =>
    wrapped({
      id: detail.eventID,
      'detail-type': 'AWS API Call via CloudTrail',
      source: `aws.${service}`,
      account: detail.recipientAccountId,
      time,
      region,
      resources: [],
      detail,
    }),
  );
}

/** Of the bucket that has its events on; of what was written, not of what was refused. */
function objectCreated(event: CallEvent): readonly JsonObject[] {
  const { parameters, errorCode, name, eventId, time, region } = event;
  if (name !== 'PutObject' || errorCode !== undefined || parameters.bucketName !== intakeBucket) return [];
  return [
    wrapped({
      id: eventId,
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: accessAccount,
      time,
      region,
      resources: [intake],
      detail: {
        version: '0',
        bucket: { name: intakeBucket },
        object: {
          key: parameters.key,
          size: asJsonObject(event.additional)?.bytesTransferredIn,
          etag: asJsonObject(event.additional)?.etag,
          'version-id': asJsonObject(event.response)?.['x-amz-version-id'],
        },
        'request-id': eventId,
        requester: event.account,
        reason: 'PutObject',
      },
    }),
  ];
}

/** Somebody asked for access. */
export const isRequest = ({ service, name, errorCode, parameters }: CallEvent): boolean =>
  service === 's3' &&
  name === 'PutObject' &&
  errorCode === undefined &&
  parameters.bucketName === intakeBucket &&
  String(parameters.key).startsWith('requests/');

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function wrapped({ time, region, ...event }: JsonObject & { readonly time: number }): JsonObject {
  const envelope = { version: '0', ...event, time: new Date(time).toISOString() };
  // As JSON has it: what is undefined is not there.
  return JSON.parse(JSON.stringify({ ...envelope, region: region ?? 'us-east-1' })) as JsonObject;
}
