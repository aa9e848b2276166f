import type { Check } from './check.ts';
import { administratorChecks } from './checks/administrators.ts';
import { alarms } from './checks/alarms.ts';
import { approving } from './checks/approving.ts';
import { asking } from './checks/asking.ts';
import { bucketSettings } from './checks/bucket-settings.ts';
import { databases } from './checks/databases.ts';
import { decisions } from './checks/decisions.ts';
import { developerChecks } from './checks/developers.ts';
import { emergency } from './checks/emergency.ts';
import { example } from './checks/example.ts';
import { functions } from './checks/functions.ts';
import { inEmergencyChecks } from './checks/in-emergency.ts';
import { machineryGuard } from './checks/machinery-guard.ts';
import { offline } from './checks/offline.ts';
import { productionFunctions } from './checks/production-functions.ts';
import { reach } from './checks/reach.ts';
import { auditing, records } from './checks/records.ts';
import { resourcePolicies } from './checks/resource-policies.ts';
import { sessions } from './checks/sessions.ts';
import { standingAccess } from './checks/standing-access.ts';
import { stopping } from './checks/stopping.ts';
import { transcripts } from './checks/transcripts.ts';
import { trusted } from './checks/trusted.ts';
import { tunnels } from './checks/tunnels.ts';
import { watching } from './checks/watching.ts';
import { whatIsGiven } from './checks/what-is-given.ts';
import { workflow } from './checks/workflow.ts';

/** All that forge infra check asks, in the order in which it is shown. */
export const allChecks: readonly Check[] = [
  ...example,
  ...asking,
  ...approving,
  ...decisions,
  ...stopping,
  ...auditing,
  ...records,
  ...bucketSettings,
  ...administratorChecks,
  ...machineryGuard,
  ...functions,
  ...productionFunctions,
  ...emergency,
  ...inEmergencyChecks,
  ...offline,
  ...databases,
  ...reach,
  ...sessions,
  ...transcripts,
  ...tunnels,
  ...developerChecks,
  ...standingAccess,
  ...whatIsGiven,
  ...trusted,
  ...watching,
  ...resourcePolicies,
  ...alarms,
  ...workflow,
];
