import { answered, type Check } from '../check.ts';
import { act, another, approvers, intakeKey, nobody, one, put, request } from './cast.ts';

const fix = 'Take the approver’s policy as forge infra export writes it (policies/approver.json).';

export const decisions: readonly Check[] = [
  answered(
    'approving',
    'allowed',
    {
      id: 'approve.decide',
      title: 'an approver writes the decision, under their own id',
      why: 'A membership without a decision is taken away at once.',
      fix,
    },
    (judged) =>
      approvers(judged).map(({ caller, tier }) =>
        put(caller, intakeKey(judged, `decisions/tier${tier}/${request}/${one.userId}.json`)),
      ),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.decide-as-other',
      title: 'an approver decides in nobody else’s name',
      why: 'With `approvals: 2` one person could be two.',
      fix: `DecideOnce must end with \${identitystore:UserId}.json.`,
    },
    (judged) =>
      approvers(judged).flatMap(({ caller, tier }) =>
        [`${another.userId}.json`, 'x.json'].map((file) =>
          put(caller, intakeKey(judged, `decisions/tier${tier}/${request}/${file}`)),
        ),
      ),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.decide-other-tier',
      title: 'an approver decides nothing of another tier',
      why: 'The functions take a decision’s tier from where it is written.',
      fix: 'DecideOnce must name decisions/tier<its own>/ only.',
      applies: ({ tiers }) => tiers.some(({ approverSet }) => approverSet !== tiers[0]?.approverSet),
    },
    (judged) =>
      approvers(judged).flatMap(({ caller, tier }) => {
        const { tiers } = judged.intent;
        const set = tiers.find(({ name }) => name === tier)?.approverSet;
        return tiers
          .filter(({ name, approverSet }) => name !== tier && approverSet !== set)
          .map(({ name }) =>
            put(caller, intakeKey(judged, `decisions/tier${name}/${request}/${one.userId}.json`)),
          );
      }),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.decide-twice',
      title: 'a decision can’t be written over (no If-None-Match)',
      why: 'A no could become a yes, and a yes could become one to something else.',
      fix: 'Keep the condition Null s3:if-none-match false, and the bucket’s WrittenOnce.',
    },
    (judged) =>
      approvers(judged).map(({ caller, tier }) =>
        put(caller, intakeKey(judged, `decisions/tier${tier}/${request}/${one.userId}.json`), {}),
      ),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.decide-no-name',
      title: 'who is no person of Identity Center decides nothing',
      why: 'A decision that is nobody’s counts for nobody, and must not exist.',
      fix: 'Keep the condition Null identitystore:UserId false on DecideOnce.',
    },
    (judged) =>
      approvers(judged, nobody).flatMap(({ caller, tier }) =>
        [`decisions/tier${tier}/${request}/.json`, `decisions/tier${tier}/${request}/${one.userId}.json`].map(
          (key) => put(caller, intakeKey(judged, key)),
        ),
      ),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.ask',
      title: 'an approver’s permission set asks for nothing, also in others’ names',
      why: 'Request and approval must be two people’s; the requester of a request must be who it says.',
      fix,
    },
    (judged) =>
      approvers(judged).flatMap(({ caller }) =>
        [one, another].map((who) => put(caller, intakeKey(judged, `requests/${who.userId}/${request}.json`))),
      ),
  ),
  answered(
    'approving',
    'allowed',
    {
      id: 'approve.read',
      title: 'an approver reads the request, in the version that is shown',
      why: 'What is approved are the bytes that were read.',
      fix,
    },
    (judged) =>
      approvers(judged).flatMap(({ caller }) =>
        ['s3:GetObject', 's3:GetObjectVersion'].map((action) =>
          act(caller, action, intakeKey(judged, `requests/${another.userId}/${request}.json`)),
        ),
      ),
  ),
];
