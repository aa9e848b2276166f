import sets from '../../infra/modules/access-account/permission-sets.json' with { type: 'json' };
import administrator from '../../infra/modules/access-account/policies/administrator.json' with {
  type: 'json',
};
import administratorGuard from '../../infra/modules/access-account/policies/administrator-guard.json' with {
  type: 'json',
};
import approver from '../../infra/modules/access-account/policies/approver.json' with { type: 'json' };
import auditor from '../../infra/modules/access-account/policies/auditor.json' with { type: 'json' };
import bastionTunnel from '../../infra/modules/access-account/policies/bastion-tunnel.json' with {
  type: 'json',
};
import dataAnalyst from '../../infra/modules/access-account/policies/data-analyst.json' with { type: 'json' };
import developerGuard from '../../infra/modules/access-account/policies/developer-guard.json' with {
  type: 'json',
};
import endpointTunnel from '../../infra/modules/access-account/policies/endpoint-tunnel.json' with {
  type: 'json',
};
import instanceSessions from '../../infra/modules/access-account/policies/instance-sessions.json' with {
  type: 'json',
};
import killer from '../../infra/modules/access-account/policies/killer.json' with { type: 'json' };
import look from '../../infra/modules/access-account/policies/look.json' with { type: 'json' };
import onCall from '../../infra/modules/access-account/policies/on-call.json' with { type: 'json' };
import passWorkloadRoles from '../../infra/modules/access-account/policies/pass-workload-roles.json' with {
  type: 'json',
};
import powerUser from '../../infra/modules/access-account/policies/power-user.json' with { type: 'json' };
import readDatabase from '../../infra/modules/access-account/policies/read-database.json' with {
  type: 'json',
};
import requester from '../../infra/modules/access-account/policies/requester.json' with { type: 'json' };
import stopAnybody from '../../infra/modules/access-account/policies/stop-anybody.json' with { type: 'json' };
import writeDatabase from '../../infra/modules/access-account/policies/write-database.json' with {
  type: 'json',
};
import { fillPolicy } from '../iam/fill-policy.ts';
import { accessNames, tierNames } from './break-glass/policy-names.ts';
import type { PermissionSet } from './organisation.ts';

/** By the names of their files. */
const templates: Readonly<Record<string, object>> = {
  administrator,
  'administrator-guard': administratorGuard,
  approver,
  auditor,
  'bastion-tunnel': bastionTunnel,
  'data-analyst': dataAnalyst,
  'developer-guard': developerGuard,
  'endpoint-tunnel': endpointTunnel,
  'instance-sessions': instanceSessions,
  killer,
  look,
  'on-call': onCall,
  'pass-workload-roles': passWorkloadRoles,
  'power-user': powerUser,
  'read-database': readDatabase,
  requester,
  'stop-anybody': stopAnybody,
  'write-database': writeDatabase,
};

interface Blueprint {
  readonly description: string;
  readonly session_minutes: number;
  /** Files whose Statements, one after the other, are its one policy. */
  readonly policies: readonly string[];
  readonly bounded: boolean;
  /** Whose groups an approver grants. */
  readonly tier?: number;
}

export const permissionSets: readonly PermissionSet[] = Object.entries<Blueprint>(sets).map(
  ([name, { description, session_minutes, policies, bounded, tier }]) => {
    const names = tier === undefined ? accessNames : tierNames(tier);
    const files = policies.map((file) => templates[file]);
    return {
      name,
      description,
      sessionSeconds: session_minutes * 60,
      policies: [fillPolicy('identity', files, names)],
      ...(bounded ? { bounded } : {}),
    };
  },
);

/** Those with any of these files in their policy. */
export const permissionSetsWith = (files: readonly string[]): readonly string[] =>
  Object.entries<Blueprint>(sets)
    .filter(([, { policies }]) => policies.some((file) => files.includes(file)))
    .map(([name]) => name);
