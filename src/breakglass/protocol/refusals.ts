/**
 * Why access is not sanctioned. The codes are stable (alerts, tests, auditors search for them); the sentences are
 * for people and hold nothing that a stranger wrote.
 */
export const refusals = {
  'call-failed': 'The call was refused or failed: nobody got in by it.',
  'unknown-group': 'No tier of the policy grants this group.',
  'wrong-identity-store': 'The group is of another identity store.',
  'no-request': 'Nobody asked for this access.',
  'request-unreadable': 'The request is not one that is accepted.',
  'request-misplaced': 'The request is not where its writer could have put it.',
  'wrong-person': 'The person who got in is not the one who asked.',
  'wrong-group': 'The request is for another group.',
  'wrong-tier': 'The request is for another tier than the group’s.',
  'wrong-account': 'The request is for another account than the group’s.',
  'wrong-permission-set': 'The request is for another permission set than the group’s.',
  'wrong-scenario': 'The request is for another scenario than the group’s.',
  'no-ticket': 'The tier needs a ticket and the request has none.',
  'too-long': 'More time was asked for or approved than the tier, the scenario or the request allows.',
  'request-spent': 'The request was granted before; each one counts once.',
  'request-lapsed': 'The request had lapsed when it was granted.',
  'request-late': 'The request was written after the grant.',
  'request-denied': 'An approver denied the request.',
  'decision-unreadable': 'A decision is not one that is accepted.',
  'decision-misplaced': 'A decision is not where its writer could have put it.',
  'decision-of-another': 'A decision is about other bytes than the request’s.',
  'decision-late': 'A decision that is needed was written after the grant.',
  'approved-own': 'The requester approved their own request.',
  'approved-twice': 'Two decisions are of the same person.',
  'too-few-approvals': 'Fewer people approved than the tier needs.',
  'granter-unknown': 'Who made the grant did not come through Identity Center.',
  'granter-not-approver': 'Who made the grant did not do it with an approver’s permission set of the tier.',
  'granter-undecided': 'Who made the grant did not approve the request.',
  'granted-own': 'The person granted the access to themselves.',
  'time-unknown': 'When it happened is not known.',
  'unknown-role': 'No tier of the policy has this role.',
  'wrong-region': 'The role was assumed outside the home region, where nobody watches.',
  'wrong-source': 'The role was not assumed in the person’s own name.',
  'no-incident': 'The role was assumed without its tier, an incident or a reason.',
} as const;

export type Refusal = keyof typeof refusals;
