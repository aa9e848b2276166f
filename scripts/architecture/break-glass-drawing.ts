import type { Box, Drawing } from './drawing.ts';

const people = (y: number, title: string, ...lines: string[]): Box => ({
  x: 24,
  y,
  width: 204,
  height: 62,
  kind: 'people',
  title,
  lines,
});
const box = (
  kind: Box['kind'],
  [x, y, width, height]: readonly [number, number, number, number],
  title: string,
  ...lines: string[]
): Box => ({ x, y, width, height, kind, title, lines });

/** docs/architecture.svg. */
export const breakGlassDrawing: Drawing = {
  width: 1220,
  height: 850,
  title: 'Break-glass: accounts, who gives, who takes away, and where it is recorded',
  description:
    'People write requests and decisions into the intake bucket of the access account, once and in their own name. An approver’s one call makes somebody a member of a just-in-time group, which gives a role in a production account. CloudTrail tells the recorder of each such call; it judges and writes the archive, which is under Object Lock and has no other writer. The workflow waits for the end; revoker and sweeper take memberships away and cut issued credentials by a boundary in production. No function can give access. Tier 0 and tier 3 assume an emergency role in production directly, and everybody is told. The pipeline alone changes all this, under a guard of the management account.',
  boxes: [
    box('frame', [264, 24, 580, 680], 'Access account (delegated administrator of Identity Center)'),
    box('frame', [890, 24, 306, 680], 'Each production account'),
    people(66, 'Requester', 'asks in their own name'),
    people(186, 'Approver', 'lets others in,', 'never themselves'),
    people(300, 'On call (tier 0)', 'alone; everybody is told'),
    people(380, 'Two people (tier 3)', 'a key, and an MFA device'),
    people(466, 'Auditor', 'reads all, writes nothing'),
    people(560, 'Pipeline', 'forge-terraform: changes', 'it, after a review'),
    people(640, 'Administrator', 'can’t change any of it'),
    box(
      'store',
      [284, 60, 226, 84],
      'Intake',
      'requests, decisions, ends, kills,',
      'evidence: written once,',
      'under one’s own id',
    ),
    box(
      'danger',
      [284, 182, 226, 84],
      'Just-in-time groups',
      'assigned for good, empty',
      'but for grants: who is in,',
      'has the role',
    ),
    box(
      'store',
      [284, 448, 226, 84],
      'Archive',
      'COMPLIANCE: nobody deletes.',
      'One writer; each record has',
      'the hash of the one before',
    ),
    box(
      'store',
      [284, 560, 226, 68],
      'Configuration',
      'what the functions judge by;',
      'named for its own hash',
    ),
    box('machine', [596, 60, 228, 66], 'Rules and bus', 'home region and us-east-1;', 'events of AWS alone'),
    box(
      'machine',
      [596, 172, 228, 66],
      'Recorder',
      'judges each grant by AWS’s',
      'own event; writes the record',
    ),
    box('machine', [596, 316, 228, 66], 'Workflow', 'open, wait, take away,', 'export, seal'),
    box('machine', [596, 450, 228, 66], 'Revoker', 'removes memberships, cuts', 'credentials, ends shells'),
    box(
      'machine',
      [596, 566, 228, 66],
      'Sweeper, every 5 minutes',
      'finds what no event told,',
      'and begins anew what broke',
    ),
    box(
      'target',
      [910, 182, 266, 84],
      'Role of the permission set',
      'least that the scenario needs;',
      'SSM, database users, clusters,',
      'console: while the grant lasts',
    ),
    box(
      'danger',
      [910, 316, 266, 100],
      'Emergency roles',
      'trust: own name as SourceIdentity,',
      'incident, reason, home region;',
      'tier 0: the VPN; 3: MFA, two names.',
      'May become database roles only',
    ),
    box(
      'machine',
      [910, 450, 266, 66],
      'Boundary of all these roles',
      'denies what was issued before',
      'an end; can’t give anything',
    ),
    box(
      'machine',
      [910, 60, 266, 66],
      'CloudTrail, rules',
      'each call that gives or assumes,',
      'and each denied try',
    ),
    box(
      'target',
      [910, 566, 266, 66],
      'Databases, instances, clusters',
      'with logs of their own: pgaudit,',
      'transcripts, EKS audit',
    ),
    box('people', [596, 736, 228, 58], 'Slack', 'sees all, and each seal’s hash'),
    box('danger', [890, 736, 306, 58], 'Management account', 'a guard that binds administrators too'),
  ],
  arrows: [
    {
      kind: 'writes',
      points: [
        [228, 97],
        [282, 97],
      ],
    },
    {
      kind: 'writes',
      points: [
        [228, 200],
        [246, 200],
        [246, 124],
        [282, 124],
      ],
    },
    {
      kind: 'gives',
      points: [
        [228, 230],
        [282, 230],
      ],
    },
    {
      kind: 'gives',
      points: [
        [510, 240],
        [552, 240],
        [552, 276],
        [868, 276],
        [868, 224],
        [908, 224],
      ],
      label: { text: 'membership', x: 722, y: 269 },
    },
    {
      kind: 'gives',
      points: [
        [228, 331],
        [246, 331],
        [246, 356],
        [556, 356],
        [556, 400],
        [868, 400],
        [868, 376],
        [908, 376],
      ],
      label: { text: 'sts:AssumeRole, for an hour', x: 284, y: 349 },
    },
    {
      kind: 'gives',
      points: [
        [228, 411],
        [868, 411],
        [868, 396],
        [908, 396],
      ],
      label: { text: 'sts:AssumeRole, for up to four', x: 284, y: 428 },
    },
    {
      kind: 'reads',
      points: [
        [228, 490],
        [282, 490],
      ],
    },
    {
      kind: 'writes',
      points: [
        [228, 594],
        [282, 594],
      ],
    },
    {
      kind: 'tells',
      points: [
        [908, 93],
        [826, 93],
      ],
    },
    {
      kind: 'tells',
      points: [
        [510, 80],
        [594, 80],
      ],
    },
    {
      kind: 'tells',
      points: [
        [710, 126],
        [710, 170],
      ],
    },
    {
      kind: 'tells',
      points: [
        [710, 238],
        [710, 314],
      ],
    },
    {
      kind: 'writes',
      points: [
        [594, 205],
        [574, 205],
        [574, 474],
        [512, 474],
      ],
    },
    {
      kind: 'tells',
      points: [
        [710, 382],
        [710, 448],
      ],
    },
    {
      kind: 'takes',
      points: [
        [594, 500],
        [534, 500],
        [534, 254],
        [512, 254],
      ],
    },
    {
      kind: 'takes',
      points: [
        [824, 483],
        [908, 483],
      ],
    },
    {
      kind: 'tells',
      points: [
        [710, 564],
        [710, 518],
      ],
    },
    {
      kind: 'tells',
      points: [
        [710, 632],
        [710, 734],
      ],
      label: { text: 'tell people', x: 720, y: 690 },
    },
    {
      kind: 'reads',
      points: [
        [1043, 416],
        [1043, 448],
      ],
    },
    {
      kind: 'takes',
      points: [
        [1043, 736],
        [1043, 706],
      ],
    },
    {
      kind: 'takes',
      points: [
        [950, 736],
        [950, 720],
        [780, 720],
        [780, 706],
      ],
    },
  ],
  legend: [
    ['gives', 'gives access'],
    ['takes', 'takes away, or forbids'],
    ['writes', 'writes'],
    ['reads', 'reads, or is limited by'],
    ['tells', 'tells, or starts'],
  ],
};
