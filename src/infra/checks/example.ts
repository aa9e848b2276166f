import { type Check, fact, stated } from '../check.ts';

/** What forge infra export can't know, and somebody has to fill in. */
export const example: readonly Check[] = [
  stated(
    'the example',
    {
      id: 'example.replaced',
      title: 'nothing of the example is left: ids, addresses and names that stand in for your own',
      why: 'An address of documentation is nobody’s: tier 0 would open from nowhere, and alarms would tell nobody.',
      fix: 'Write your own into forge.auto.tfvars.json: identity_center_instance, vpn_addresses, alarm_emails, killers.',
    },
    ({ deployment: { placeholders } }) =>
      placeholders.length === 0
        ? [fact('stands in', 'all resources', 'nothing', 'nothing', true)]
        : placeholders.map(({ address, text }) => fact('stands in', address, 'your own', text, false)),
  ),
];
