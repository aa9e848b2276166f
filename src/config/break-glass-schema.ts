import * as v from 'valibot';
import {
  account,
  described,
  description,
  duration,
  list,
  mapOf,
  name,
  oneOf,
  permissionSet,
  region,
  role,
  sessionDocument,
  text,
} from './schema-parts.ts';

/** The `break_glass` part of forge.yaml, as it stands in the file. */
const grantDuration = duration('a duration from 15m to 12h, e.g. 2h', 900, 43_200);
const group = text('the name of a group', /^[^\x00-\x1f\x7f-\x9f]{1,256}$/);
const bucket = text('the name of an S3 bucket', /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/);

const approvals = v.pipe(
  v.number('a whole number from 1 to 5'),
  v.integer('a whole number from 1 to 5'),
  v.minValue(1, 'a whole number from 1 to 5'),
  v.maxValue(5, 'a whole number from 1 to 5'),
);

const approvers = v.strictObject(
  {
    description: v.optional(described('For people: who they are.', v.string('text'))),
    groups: v.optional(described('Groups of Identity Center whose members may approve.', list(group))),
    permission_set: v.optional(
      described('Permission set, in the access account, that they approve with.', permissionSet),
    ),
    channel: v.optional(described('Name (under channels) of where they are asked.', name)),
  },
  'a mapping',
);

const ticketPattern = 'a regular expression of up to 200 characters';

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u').source !== '(?:)';
  } catch {
    return false;
  }
}

const ticket = v.strictObject(
  {
    when: described(
      'before: asked for with the request. after: may follow.',
      oneOf(['before', 'after', 'none']),
    ),
    within: v.optional(
      described('How soon it must follow.', duration('a duration up to 7d, e.g. 1h', 60, 604_800)),
    ),
    pattern: v.optional(
      described(
        'What a whole ticket looks like, as a regular expression, e.g. INC-[0-9]+.',
        v.pipe(
          v.string(ticketPattern),
          v.maxLength(200, ticketPattern),
          v.check((text) => isPattern(text), ticketPattern),
        ),
      ),
    ),
  },
  'a mapping',
);

const tier = v.strictObject(
  {
    description: v.optional(description),
    when: v.optional(described('For people: in which situation.', v.string('text'))),
    permission_set: v.optional(
      described('Permission set that it gives. Without one: that of the scenario, or none.', permissionSet),
    ),
    role: v.optional(described('IAM role that is assumed in the environment’s account.', role)),
    group: v.optional(described('Group that a grant adds the person to.', group)),
    approval: described(
      'self-serve: nobody is asked. approver: one of approvers. two-people: two, in person.',
      oneOf(['self-serve', 'approver', 'two-people']),
    ),
    approvers: v.optional(described('Name (under approvers) of who is asked.', name)),
    approvals: v.optional(described('How many different people must approve. Default: 1.', approvals)),
    requesters: v.optional(described('Groups whose members may ask. Default: everybody.', list(group))),
    environments: v.optional(described('Default: every production environment.', list(name))),
    scenarios: v.optional(described('Names (under scenarios) of which a request picks one.', list(name))),
    min_duration: v.optional(described('Shortest that can be asked for.', grantDuration)),
    max_duration: v.optional(
      described('Longest that can be asked for. Without one: until something else ends it.', grantDuration),
    ),
    mfa: v.optional(
      described('true: a fresh sign-in with MFA first. Default: false.', v.boolean('true or false')),
    ),
    mfa_within: v.optional(
      described(
        'With mfa: a sign-in no older than this counts as fresh. Default: 15m.',
        duration('a duration from 1m to 12h, e.g. 15m', 60, 43_200),
      ),
    ),
    ticket: v.optional(described('Default: when: before.', ticket)),
    alert: v.optional(described('Name (under channels) of who is told at once.', name)),
    user: v.optional(
      described(
        'With two-people: the IAM user, by name (in the access account) or ARN.',
        text(
          'the name of an IAM user, or its ARN (arn:aws:iam::<account>:user/<name>)',
          /^(?:arn:aws[a-z-]*:iam::\d{12}:user\/)?[\w+=,.@/-]{1,576}$/,
        ),
      ),
    ),
    mfa_devices: v.optional(
      described(
        'With two-people: who holds a device of that user → its serial number.',
        mapOf(
          text('the serial number or ARN of an MFA device', /^[\w+=/:,.@-]{9,256}$/),
          text('the name of a person, e.g. sven', /^[\w.@-]{1,40}$/),
        ),
      ),
    ),
    vault_item: v.optional(
      described(
        'Item of the password vault that holds the key. Never the key itself.',
        text('the name or id of an item', /^[^\x00-\x1f\x7f-\x9f]{1,200}$/),
      ),
    ),
  },
  'a mapping',
);

const scenario = v.strictObject(
  {
    description: v.optional(description),
    permission_set: v.optional(described('Permission set that it gives.', permissionSet)),
    group: v.optional(described('Group that a grant adds the person to.', group)),
    max_duration: v.optional(described('Longest that can be asked for.', grantDuration)),
    allows: v.optional(described('For people: what it allows.', list(v.string('text')))),
    session_documents: v.optional(
      described(
        'Session documents that its sessions on instances are started with, and no other: so SSH and ports are not among them.',
        v.strictObject(
          {
            connect: described('Of forge ssm <instance>.', sessionDocument),
            run: described('Of forge ssm run.', sessionDocument),
            copy: described('Of forge ssm cp: a command in a terminal.', sessionDocument),
          },
          'a mapping',
        ),
      ),
    ),
  },
  'a mapping',
);

const records = v.strictObject(
  {
    intake_bucket: v.optional(described('Bucket that people write requests and decisions to.', bucket)),
    archive_bucket: v.optional(described('Bucket that nobody can change.', bucket)),
    configuration_bucket: v.optional(
      described(
        'Bucket of what the functions know. Default: forge-breakglass-configuration-<account>.',
        bucket,
      ),
    ),
    retention: v.optional(
      described(
        'How long records are kept.',
        duration('a duration from 1d to 99999d, e.g. 2555d', 86_400, 8_640_000_000),
      ),
    ),
  },
  'a mapping',
);

export const breakGlass = v.strictObject(
  {
    account: v.optional(described('Account that holds groups, requests and records.', account)),
    region: v.optional(described('Home region: the rules that watch are there.', region)),
    identity_store: v.optional(
      described(
        'Identity store of Identity Center.',
        text('an identity store id such as d-1234567890', /^d-[0-9a-f]{10}$/),
      ),
    ),
    request_permission_set: v.optional(
      described('Permission set, in that account, that people ask with.', permissionSet),
    ),
    audit_permission_set: v.optional(
      described('Permission set, in that account, that the archive is read with.', permissionSet),
    ),
    kill_permission_set: v.optional(
      described(
        'Permission set, in that account, that ends anybody’s access; approvers need none.',
        permissionSet,
      ),
    ),
    request_lifetime: v.optional(
      described(
        'How long an unanswered request can be approved. Default: 4h.',
        duration('a duration from 5m to 7d, e.g. 4h', 300, 604_800),
      ),
    ),
    channels: v.optional(
      described(
        'Name → where it is, e.g. alerts → "#platform-incidents".',
        mapOf(text('a channel, e.g. "#platform-support"', /^[^\x00-\x1f\x7f-\x9f]{1,200}$/)),
      ),
    ),
    approvers: v.optional(described('Name → a kind of approver.', mapOf(approvers))),
    tiers: v.optional(described('Name (0, 1, 2, …) → tier.', mapOf(tier))),
    scenarios: v.optional(described('Name → what a tier can be asked for.', mapOf(scenario))),
    records: v.optional(described('Where what was done is kept.', records)),
  },
  'a mapping',
);

export type BreakGlassFile = v.InferOutput<typeof breakGlass>;
export type TierFile = v.InferOutput<typeof tier>;
