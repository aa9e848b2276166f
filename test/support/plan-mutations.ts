/** What somebody could edit in Terraform that the protocol must not lose: each is caught by a check. */
export interface Mutation {
  readonly what: string;
  /** Id of a check that fails then. */
  readonly caughtBy: string;
  readonly change: (plan: Plan) => void;
}

interface Resource {
  readonly address: string;
  readonly type: string;
  readonly values: Record<string, unknown>;
}
interface Module {
  resources?: Resource[];
  readonly child_modules?: readonly Module[];
}
interface PlanJson {
  readonly resource_changes: {
    readonly address: string;
    readonly change: { actions: string[]; before: Record<string, unknown> | null };
  }[];
  readonly planned_values: {
    readonly root_module: Module;
    readonly outputs: { readonly review: { value: string } };
  };
}
interface Statement {
  Sid?: string;
  Effect: string;
  Action?: string | string[];
  Resource?: string | string[];
  Principal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}
interface Policy {
  Statement: Statement[];
}
interface TunnelDocument {
  sessionType: string;
  readonly parameters: { readonly host: { allowedPattern: string | undefined; default?: string } };
  readonly properties: { host: string };
}

/** The plan, with what people edit within reach. */
class Plan {
  private readonly json: PlanJson;
  private readonly review: { readonly documents: Record<string, string> };
  constructor(json: PlanJson) {
    this.json = json;
    this.review = JSON.parse(json.planned_values.outputs.review.value);
  }

  resource(end: string): Resource {
    const found = this.all().find(({ address }) => address.endsWith(end));
    if (!found) throw new Error(`no resource ${end}`);
    return found;
  }

  all(module: Module = this.json.planned_values.root_module): Resource[] {
    return [...(module.resources ?? []), ...(module.child_modules ?? []).flatMap((child) => this.all(child))];
  }

  remove(end: string): void {
    const visit = (module: Module) => {
      module.resources = module.resources?.filter(({ address }) => !address.endsWith(end)) ?? [];
      for (const child of module.child_modules ?? []) visit(child);
    };
    this.resource(end);
    visit(this.json.planned_values.root_module);
  }

  /** As Terraform says of what it makes anew, or of what it only takes away. */
  takeAway(end: string, actions: string[], before: Record<string, unknown>): void {
    const found = this.json.resource_changes.find(({ address }) => address.endsWith(end));
    if (!found) throw new Error(`no change of ${end}`);
    Object.assign(found.change, { actions, before });
  }

  add(likeEnd: string, address: string, values: Record<string, unknown>): void {
    const like = this.resource(likeEnd);
    const visit = (module: Module) => {
      if (module.resources?.includes(like)) {
        module.resources.push({
          ...like,
          address,
          index: address,
          values: { ...like.values, ...values },
        } as Resource);
      }
      for (const child of module.child_modules ?? []) visit(child);
    };
    visit(this.json.planned_values.root_module);
  }

  /** A document where it is known, else in the review. */
  policy(end: string, attribute: string, change: (policy: Policy) => void): void {
    const { address, values } = this.resource(end);
    const key = Object.keys(this.review.documents).find((name) => `${address}.${attribute}`.endsWith(name));
    const known = typeof values[attribute] === 'string';
    const text = known ? String(values[attribute]) : this.review.documents[key ?? ''];
    if (text === undefined) throw new Error(`no document ${end}.${attribute}`);
    const policy = JSON.parse(text) as Policy;
    if (!Array.isArray(policy.Statement)) policy.Statement = [policy.Statement];
    const before = JSON.stringify(policy);
    change(policy);
    if (JSON.stringify(policy) === before) throw new Error(`${end}.${attribute} was not changed`);
    if (known) values[attribute] = JSON.stringify(policy);
    else {
      this.review.documents[key ?? ''] = JSON.stringify(policy);
      this.json.planned_values.outputs.review.value = JSON.stringify(this.review);
    }
  }

  /** Of the workflow: the review has it. */
  definition(change: (states: Record<string, Record<string, unknown>>) => void): void {
    const key = 'aws_sfn_state_machine.session.definition';
    const definition = JSON.parse(this.review.documents[key] ?? '');
    change(definition.States);
    this.review.documents[key] = JSON.stringify(definition);
    this.json.planned_values.outputs.review.value = JSON.stringify(this.review);
  }

  text(): string {
    return JSON.stringify(this.json);
  }
}

export function mutated(json: string, { change }: Mutation): string {
  const plan = new Plan(JSON.parse(json));
  change(plan);
  return plan.text();
}

const set = (name: string) => `aws_ssoadmin_permission_set_inline_policy.set["${name}"]`;
const without = (Sid: string) => (policy: Policy) => {
  policy.Statement = policy.Statement.filter((statement) => statement.Sid !== Sid);
};
const edit = (Sid: string, change: (statement: Statement) => void) => (policy: Policy) => {
  const found = policy.Statement.find((statement) => statement.Sid === Sid);
  if (!found)
    throw new Error(`no statement ${Sid} among ${policy.Statement.map((one) => one.Sid).join(', ')}`);
  change(found);
};
const anyCondition = (statement: Statement) => delete statement.Condition;
const dropKey = (key: string) => (statement: Statement) => {
  for (const operator of Object.keys(statement.Condition ?? {}))
    delete statement.Condition?.[operator]?.[key];
};
const allow =
  (Action: string, Resource = '*') =>
  (policy: Policy) => {
    policy.Statement.push({ Effect: 'Allow', Action, Resource });
  };

const approver = (tier: number) => set(`Forge-BreakGlass-Approve-tier${tier}`);
const wealth = 'production_prod-wealth';
const inWealth = (rest: string) => `module.${wealth}.${rest}`;
const emergency = inWealth('aws_iam_role.emergency[0]');
const offline = inWealth('aws_iam_role.offline[0]');

const ofSet = (what: string, name: string, caughtBy: string, change: (policy: Policy) => void): Mutation => ({
  what,
  caughtBy,
  change: (plan) => plan.policy(set(name), 'inline_policy', change),
});
const ofPolicy = (
  what: string,
  end: string,
  attribute: string,
  caughtBy: string,
  change: (policy: Policy) => void,
): Mutation => ({ what, caughtBy, change: (plan) => plan.policy(end, attribute, change) });
const ofTrust = (what: string, role: string, caughtBy: string, change: (policy: Policy) => void): Mutation =>
  ofPolicy(what, role, 'assume_role_policy', caughtBy, change);
const ofBucket = (
  what: string,
  bucket: string,
  caughtBy: string,
  change: (policy: Policy) => void,
): Mutation => ofPolicy(what, `aws_s3_bucket_policy.bucket["${bucket}"]`, 'policy', caughtBy, change);
const ofValue = (what: string, end: string, caughtBy: string, values: Record<string, unknown>): Mutation => ({
  what,
  caughtBy,
  change: (plan) => Object.assign(plan.resource(end).values, values),
});
const gone = (what: string, end: string, caughtBy: string): Mutation => ({
  what,
  caughtBy,
  change: (plan) => plan.remove(end),
});

/** What two policies hold is lost only with both. */
const both = (first: Mutation, change: (plan: Plan) => void): Mutation => ({
  ...first,
  change: (plan) => {
    first.change(plan);
    change(plan);
  },
});
const bucketWithout = (bucket: string, sid: string) => (plan: Plan) =>
  plan.policy(`aws_s3_bucket_policy.bucket["${bucket}"]`, 'policy', without(sid));
const bucketAllows = (bucket: string, account: string) => (plan: Plan) =>
  plan.policy(`aws_s3_bucket_policy.bucket["${bucket}"]`, 'policy', (policy) => {
    policy.Statement = policy.Statement.filter(({ Sid }) => !/ByAPerson|InOnesOwnName/.test(Sid ?? ''));
    policy.Statement.push({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 's3:*',
      Resource: `arn:aws:s3:::forge-breakglass-${bucket}-999999999999/*`,
    });
  });

const ofInstances = (what: string, caughtBy: string, change: (policy: Policy) => void): Mutation =>
  ofSet(what, 'Forge-Prod-Instance', caughtBy, change);
/** Of AWS: of no account. */
const also = (document: string, account: string) =>
  edit('LoggedDocuments', (s) => {
    s.Resource = [s.Resource ?? []].flat().concat(`arn:aws:ssm:*:${account}:${document}`);
  });
const tunnelAnywhere = edit('EndpointsOnly', (s) => {
  s.Resource = 'arn:aws:ssm:*::document/AWS-StartPortForwardingSessionToRemoteHost';
});
const ofTunnel = (what: string, change: (document: TunnelDocument) => void): Mutation => ({
  what,
  caughtBy: 'tunnel.document',
  change(plan) {
    const { values } = plan.resource('module.sessions_prod-wealth.aws_ssm_document.tunnel');
    const document = JSON.parse(String(values.content)) as TunnelDocument;
    change(document);
    values.content = JSON.stringify(document);
  },
});
const pattern = (text: string | undefined) => (document: TunnelDocument) => {
  document.parameters.host.allowedPattern = text;
};
const may = (action: string) => (policy: Policy) => {
  policy.Statement.push({ Effect: 'Allow', Action: action, Resource: '*' });
};
const wealthRun = 'module.sessions_prod-wealth.aws_ssm_document.instance["forge-instance-run"]';

export const mutations: readonly Mutation[] = [
  ofPolicy(
    'an approver’s NeverMyself removed',
    approver(1),
    'inline_policy',
    'approve.oneself',
    without('NeverMyself'),
  ),
  ofPolicy(
    'Null of GrantTierGroups removed',
    approver(1),
    'inline_policy',
    'approve.no-person',
    edit('GrantTierGroups', anyCondition),
  ),
  ofPolicy(
    'GrantTierGroups for all groups',
    approver(2),
    'inline_policy',
    'approve.other-tier',
    edit('GrantTierGroups', (s) => {
      s.Resource = '*';
    }),
  ),
  {
    what: 'tier groups swapped',
    caughtBy: 'approve.own-tier',
    change: (plan) => {
      let one: unknown;
      plan.policy(
        approver(1),
        'inline_policy',
        edit('GrantTierGroups', (s) => {
          one = s.Resource;
          s.Resource = '*';
        }),
      );
      plan.policy(
        approver(2),
        'inline_policy',
        edit('GrantTierGroups', (s) => {
          s.Resource = one as string[];
        }),
      );
    },
  },
  both(
    ofPolicy(
      'decisions in any name',
      approver(1),
      'inline_policy',
      'approve.decide-as-other',
      edit('DecideOnce', (s) => {
        s.Resource = String(s.Resource).replace(/\$\{identitystore:UserId\}/, '*');
      }),
    ),
    bucketWithout('intake', 'InOnesOwnName'),
  ),
  ofPolicy(
    'decisions of any tier',
    approver(1),
    'inline_policy',
    'approve.decide-other-tier',
    edit('DecideOnce', (s) => {
      s.Resource = String(s.Resource).replace('tier1', 'tier*');
    }),
  ),
  ofPolicy(
    'approvers read evidence',
    approver(1),
    'inline_policy',
    'approve.evidence.read',
    allow('s3:GetObject'),
  ),
  ofPolicy(
    'approvers read no records',
    approver(1),
    'inline_policy',
    'approve.records.read',
    without('ReadRecords'),
  ),
  both(
    ofPolicy(
      'approvers stop in any name',
      approver(1),
      'inline_policy',
      'stop.approvers.as-other',
      edit('KillOnce', (s) => {
        s.Resource = String(s.Resource).replace(/\$\{identitystore:UserId\}/, '*');
      }),
    ),
    bucketWithout('intake', 'InOnesOwnName'),
  ),
  ofPolicy(
    'approvers put people into teams',
    approver(1),
    'inline_policy',
    'approve.other-groups',
    edit('GrantTierGroups', (s) => {
      s.Resource = '*';
    }),
  ),
  both(
    ofSet(
      'requesters write under any id',
      'Forge-BreakGlass-Request',
      'ask.requests.other',
      edit('WriteOwnOnce', (s) => {
        s.Resource = JSON.parse(JSON.stringify(s.Resource).replaceAll(/\$\{identitystore:UserId\}/g, '*'));
      }),
    ),
    bucketWithout('intake', 'InOnesOwnName'),
  ),
  both(
    ofSet('requesters need be no person', 'Forge-BreakGlass-Request', 'ask.no-name', (policy) => {
      edit('WriteOwnOnce', dropKey('identitystore:UserId'))(policy);
      edit('WriteOwnOnce', (s) => {
        s.Resource = JSON.parse(JSON.stringify(s.Resource).replaceAll(/\$\{identitystore:UserId\}/g, '*'));
      })(policy);
    }),
    (plan) => {
      bucketWithout('intake', 'InOnesOwnName')(plan);
      bucketWithout('intake', 'ByAPerson')(plan);
    },
  ),
  ofSet(
    'requesters let people in',
    'Forge-BreakGlass-Request',
    'ask.add',
    allow('identitystore:CreateGroupMembership'),
  ),
  ofSet(
    'requesters end others’ access',
    'Forge-BreakGlass-Request',
    'ask.end-other',
    edit('OnlyOneself', (s) => {
      s.Resource = '*';
    }),
  ),
  ofSet('requesters decide', 'Forge-BreakGlass-Request', 'ask.decide', allow('s3:PutObject')),
  ofSet(
    'requesters read all evidence',
    'Forge-BreakGlass-Request',
    'ask.evidence.read-other',
    allow('s3:GetObject'),
  ),
  ofSet(
    'killers let people in',
    'Forge-BreakGlass-Kill',
    'stop.killers.give',
    allow('identitystore:CreateGroupMembership'),
  ),
  ofSet(
    'killers empty teams',
    'Forge-BreakGlass-Kill',
    'stop.killers.teams',
    edit('MayRevoke', (s) => {
      s.Resource = '*';
    }),
  ),
  ofSet('auditors let people in', 'Forge-BreakGlass-Audit', 'audit.write', allow('identitystore:*')),
  ofSet('auditors see no locks', 'Forge-BreakGlass-Audit', 'audit.read', without('ReadVersions')),
  ...(
    [
      ['NoSelfGrant', 'admin.oneself'],
      ['ThroughThePipelineOnly', 'admin.assign'],
      ['NotTheAudit', 'admin.intake'],
      ['NotTheMachinery', 'admin.functions'],
      ['NotTheMachinery', 'admin.executions'],
      ['NotTheMachinery', 'admin.rules'],
      ['NotTheMachinery', 'admin.schedule'],
      ['NotTheMachinery', 'admin.workflow'],
      ['NotTheAlerts', 'admin.secret'],
      ['NotTheRoles', 'admin.roles'],
      ['NotTheRoles', 'admin.offline-user'],
      ['NotTheRoles', 'admin.production.forge'],
    ] as const
  ).map(([sid, id]) => ofSet(`administrators without ${sid}`, 'Forge-Admin', id, without(sid))),
  ofSet('developers pass any role', 'Forge-Developer', 'developer.pass-other', (policy) => {
    without('PassNothingElse')(policy);
    allow('iam:PassRole')(policy);
  }),
  ofSet(
    'developers without NoForge pass forge’s roles',
    'Forge-Developer',
    'developer.pass-forge',
    (policy) => {
      without('NoForge')(policy);
      without('PassNothingElse')(policy);
      allow('iam:PassRole')(policy);
    },
  ),
  ofSet('developers without NoForge', 'Forge-Developer', 'developer.become-forge', without('NoForge')),
  both(
    ofSet('developers write the buckets', 'Forge-Developer', 'developer.buckets', without('NoForge')),
    bucketAllows('intake', '111111111111'),
  ),
  ofSet('developers make users', 'Forge-Developer', 'developer.power', allow('iam:*')),
  ofSet('being on call reads databases', 'Forge-SRE-OnCall', 'emergency.on-call-only', allow('rds:*')),
  ofBucket('another writer of the archive', 'archive', 'records.one-writer', without('OnlyTheRecorder')),
  ofBucket('records are deleted', 'archive', 'records.delete', without('NothingIsTaken')),
  ofBucket('the archive’s rules change', 'archive', 'records.archive.settings', without('SetByThePipeline')),
  ofBucket('the archive in the clear', 'archive', 'records.archive.clear', without('NotInTheClear')),
  ofBucket('the archive for another account', 'archive', 'standing.trust', (policy) => {
    policy.Statement.push({
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::000000000000:root' },
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::forge-breakglass-archive-999999999999/*',
    });
  }),
  ofBucket('the intake for everybody', 'intake', 'records.intake.foreign', (policy) => {
    policy.Statement.push({
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:*',
      Resource: [
        'arn:aws:s3:::forge-breakglass-intake-999999999999',
        'arn:aws:s3:::forge-breakglass-intake-999999999999/*',
      ],
    });
  }),
  ofBucket('the intake is written over', 'intake', 'records.intake.twice', without('WrittenOnce')),
  ofBucket('the intake is emptied', 'intake', 'records.intake.delete', without('NothingIsTaken')),
  ofBucket(
    'anybody writes what the functions know',
    'configuration',
    'records.configuration.write',
    without('OnlyThePipeline'),
  ),
  gone('no Object Lock', 'aws_s3_bucket_object_lock_configuration.archive', 'records.lock'),
  {
    what: 'Object Lock in GOVERNANCE',
    caughtBy: 'records.lock',
    change: (plan) => {
      plan.resource('aws_s3_bucket_object_lock_configuration.archive').values.rule = [
        { default_retention: [{ mode: 'GOVERNANCE', days: 365 }] },
      ];
    },
  },
  ofValue(
    'no public access block',
    'aws_s3_bucket_public_access_block.bucket["archive"]',
    'records.archive.closed',
    {
      block_public_policy: false,
    },
  ),
  gone('no versions', 'aws_s3_bucket_versioning.bucket["intake"]', 'records.intake.versioned'),
  ofValue('an archive that destroy empties', 'aws_s3_bucket.bucket["archive"]', 'records.archive.kept', {
    force_destroy: true,
  }),
  ofTrust('a VPN of documentation', emergency, 'example.replaced', (policy) => {
    policy.Statement = JSON.parse(
      JSON.stringify(policy.Statement).replaceAll('127.0.0.0/9', '198.51.100.0/24'),
    );
  }),
  ofValue(
    'an instance of Identity Center that is none',
    'aws_ssoadmin_permission_set.set["Forge-SRE"]',
    'example.replaced',
    {
      instance_arn: 'arn:aws:sso:::instance/ssoins-0000000000000000',
    },
  ),
  ofValue('alarms to an address of the example', 'aws_sns_topic.alerts', 'example.replaced', {
    display_name: 'platform@tapp.example',
  }),
  {
    what: 'a renamed intake',
    caughtBy: 'records.stay',
    change: (plan) => {
      plan.takeAway('aws_s3_bucket.bucket["intake"]', ['delete', 'create'], {
        bucket: 'forge-breakglass-intake-999999999999',
      });
    },
  },
  {
    what: 'an archive without its policy',
    caughtBy: 'records.stay',
    change: (plan) => {
      plan.takeAway('aws_s3_bucket_policy.bucket["archive"]', ['delete'], {
        bucket: 'forge-breakglass-archive-999999999999',
      });
    },
  },
  ofTrust(
    'an emergency without a SourceIdentity',
    emergency,
    'emergency.no-identity',
    edit('OnCallWithAReason', dropKey('sts:SourceIdentity')),
  ),
  ofTrust(
    'an emergency in any region',
    emergency,
    'emergency.region',
    edit('OnCallWithAReason', dropKey('aws:RequestedRegion')),
  ),
  ofTrust(
    'an emergency off the VPN',
    emergency,
    'emergency.off-vpn',
    edit('OnCallWithAReason', dropKey('aws:SourceIp')),
  ),
  ofTrust(
    'an emergency without a reason',
    emergency,
    'emergency.no-reason',
    edit('OnCallWithAReason', dropKey('aws:RequestTag/forge:reason')),
  ),
  ofTrust(
    'an emergency without an incident',
    emergency,
    'emergency.no-incident',
    edit('OnCallWithAReason', dropKey('aws:RequestTag/forge:incident')),
  ),
  ofTrust(
    'an emergency for whatever role',
    emergency,
    'emergency.others',
    edit('OnCallWithAReason', dropKey('aws:PrincipalArn')),
  ),
  ofTrust(
    'an emergency for another account',
    emergency,
    'standing.trust',
    edit('OnCallWithAReason', (s) => {
      s.Principal = { AWS: '*' };
    }),
  ),
  ofTrust('any session tags', emergency, 'emergency.tags', edit('OnlyOurTags', dropKey('aws:TagKeys'))),
  ofPolicy(
    'an emergency lives on',
    inWealth('aws_iam_role_policy.emergency["never-may"]'),
    'policy',
    'emergency.longer-life',
    without('NoLongerLife'),
  ),
  ofPolicy(
    'an emergency stops the trail',
    inWealth('aws_iam_role_policy.emergency["never-may"]'),
    'policy',
    'emergency.trail',
    without('NotTheTrail'),
  ),
  both(
    ofPolicy(
      'an emergency reads records',
      inWealth('aws_iam_role_policy.emergency["never-may"]'),
      'policy',
      'emergency.forge',
      without('NotTheRecords'),
    ),
    bucketAllows('archive', '333333333333'),
  ),
  gone('no guard of tier 3', inWealth('aws_iam_role_policy.offline["never-may"]'), 'offline.guard'),
  ofTrust(
    'tier 3 without MFA',
    offline,
    'offline.no-mfa',
    edit('TwoPeopleWithAnIncident', (s) => {
      dropKey('aws:MultiFactorAuthPresent')(s);
      dropKey('aws:MultiFactorAuthAge')(s);
    }),
  ),
  ofTrust(
    'tier 3 with MFA of any age',
    offline,
    'offline.old-mfa',
    edit('TwoPeopleWithAnIncident', dropKey('aws:MultiFactorAuthAge')),
  ),
  ofTrust(
    'tier 3 in one name',
    offline,
    'offline.one-name',
    edit('TwoPeopleWithAnIncident', dropKey('sts:SourceIdentity')),
  ),
  ofTrust(
    'tier 3 for another user',
    offline,
    'offline.other-user',
    edit('TwoPeopleWithAnIncident', dropKey('aws:PrincipalArn')),
  ),
  ofPolicy(
    'keys without MFA',
    'aws_iam_user_policy.offline["forge-emergency-a"]',
    'policy',
    'offline.rotate.no-mfa',
    edit('RotateOwnKeysWithMfa', anyCondition),
  ),
  ofTrust(
    'a database role without a name',
    inWealth('aws_iam_role.database["write-rds-access"]'),
    'database.no-name',
    edit('InOnesOwnName', dropKey('aws:userid')),
  ),
  ofTrust(
    'readers who write',
    inWealth('aws_iam_role.database["write-rds-access"]'),
    'database.write.trust',
    edit('InOnesOwnName', dropKey('aws:PrincipalArn')),
  ),
  ofValue(
    'an unbounded database role',
    inWealth('aws_iam_role.database["write-rds-access"]'),
    'database.bounded',
    { permissions_boundary: null },
  ),
  ofPolicy(
    'a database role for all databases of the account',
    inWealth('aws_iam_role_policy.database["readonly-rds-access"]'),
    'policy',
    'database.exact',
    edit('GoToDatabase', (s) => {
      s.Resource = 'arn:aws:rds-db:us-east-1:333333333333:dbuser:*/forge_ro';
    }),
  ),
  ofPolicy(
    'a database role for whatever account',
    inWealth('aws_iam_role_policy.database["write-rds-access"]'),
    'policy',
    'database.elsewhere',
    edit('GoToDatabase', (s) => {
      s.Resource = 'arn:aws:rds-db:*:*:dbuser:*/forge_rw';
    }),
  ),
  ofPolicy(
    'no database is tagged',
    inWealth('aws_iam_role_policy.database["readonly-rds-access"]'),
    'policy',
    'database.reached',
    without('GoToDatabase'),
  ),
  ofPolicy(
    'a thousand databases',
    inWealth('aws_iam_role_policy.database["readonly-rds-access"]'),
    'policy',
    'standing.size',
    edit('GoToDatabase', (s) => {
      s.Resource = Array.from(
        { length: 1_000 },
        (_, number) => `arn:aws:rds-db:us-east-1:333333333333:dbuser:cluster-${number}/forge_ro`,
      );
    }),
  ),
  ofValue(
    'a cluster lets the account’s CI in',
    'aws_eks_access_entry.this["prod-wealth-eks/Forge-Prod-Kubernetes"]',
    'cluster.entries',
    { principal_arn: 'arn:aws:iam::333333333333:role/ci' },
  ),
  ofInstances('SSH with a grant', 'session.unlogged', also('document/AWS-StartSSHSession', '')),
  ofInstances(
    'a tunnel beside a shell',
    'session.tunnel',
    also('document/AWS-StartPortForwardingSessionToRemoteHost', ''),
  ),
  ofInstances('any document of the account', 'session.other-document', also('document/*', '333333333333')),
  ofInstances(
    'documents of that name of any account',
    'session.other-document',
    also('document/forge-instance-connect', '*'),
  ),
  ofInstances(
    'a session without a document',
    'session.no-document',
    edit('TaggedInstances', (s) => delete s.Condition?.BoolIfExists),
  ),
  ofInstances(
    'instances without the tag',
    'session.untagged',
    edit('TaggedInstances', (s) => delete s.Condition?.StringEquals),
  ),
  ofSet('a grant that tunnels anywhere', 'Forge-Prod-Kubernetes', 'tunnel.anywhere', tunnelAnywhere),
  ofSet('everyday access that tunnels anywhere', 'Forge-Wealth-ReadOnly', 'tunnel.anywhere', tunnelAnywhere),
  ofPolicy(
    'a role of databases that tunnels anywhere',
    inWealth('aws_iam_role_policy.database_tunnel["readonly-rds-access"]'),
    'policy',
    'tunnel.anywhere',
    tunnelAnywhere,
  ),
  ofPolicy(
    'a role of databases without a tunnel',
    inWealth('aws_iam_role_policy.database_tunnel["write-rds-access"]'),
    'policy',
    'tunnel.opens',
    without('EndpointsOnly'),
  ),
  gone(
    'a document for tunnels that is not made',
    'module.sessions_prod-wealth.aws_ssm_document.tunnel',
    'tunnel.document',
  ),
  ofTunnel('a tunnel to any host', pattern(undefined)),
  ofTunnel('a tunnel to whatever AWS’s own takes', pattern(`^[^,$^&()!;'"<>\`{}[\\]|#=]{3,}$`)),
  ofTunnel('a pattern that is not held at its end', pattern('^[a-z0-9.-]+\\.(rds|eks)\\.amazonaws\\.com')),
  ofTunnel(
    'a pattern that is not held at its beginning',
    pattern('[a-z0-9-]+\\.(rds|eks)\\.amazonaws\\.com$'),
  ),
  ofTunnel('dots that are any character', pattern('^[a-zA-Z0-9.-]+.(rds|eks).amazonaws.com$')),
  ofTunnel('a tunnel that lets nobody to a cluster', pattern('^[a-z0-9.-]+\\.rds\\.amazonaws\\.com$')),
  ofTunnel('a tunnel to a host of its own', (document) => {
    document.properties.host = '169.254.169.254';
  }),
  ofTunnel('a tunnel that starts at the metadata', (document) => {
    document.parameters.host.default = '169.254.169.254';
  }),
  ofTunnel('a tunnel that is a shell', (document) => {
    document.sessionType = 'Standard_Stream';
  }),
  ofSet(
    'a tunnel through any instance',
    'Forge-Prod-ReadOnly',
    'session.untagged',
    edit('SessionOnBastion', (s) => delete s.Condition?.StringEquals),
  ),
  ofInstances('somebody else’s session', 'session.others', edit('OwnSessions', anyCondition)),
  ofInstances('no document that opens one', 'session.opens', without('LoggedDocuments')),
  ofValue('a document that is logged nowhere', wealthRun, 'session.documents', {
    content: JSON.stringify({ schemaVersion: '1.0', sessionType: 'NonInteractiveCommands', inputs: {} }),
  }),
  ofValue('a document that opens a port', wealthRun, 'session.documents', {
    content: JSON.stringify({ schemaVersion: '1.0', sessionType: 'Port', properties: { portNumber: '22' } }),
  }),
  gone('a document that is not made', wealthRun, 'session.documents'),
  ofSet(
    'administrators who change the documents',
    'Forge-Admin',
    'transcript.kept',
    edit('NotTheMachinery', (s) => {
      s.Resource = [s.Resource ?? []].flat().filter((one) => !one.includes(':document/forge-'));
    }),
  ),
  ofSet(
    'administrators who make a document of that name in another region',
    'Forge-Admin',
    'transcript.kept',
    edit('NotTheMachinery', (s) => {
      s.Action = [s.Action ?? []].flat().filter((one) => one !== 'ssm:CreateDocument');
    }),
  ),
  ofValue('transcripts in a log group that nobody guards', wealthRun, 'transcript.kept', {
    content: JSON.stringify({
      sessionType: 'NonInteractiveCommands',
      inputs: { cloudWatchLogGroupName: '/ops/sessions', cloudWatchStreamingEnabled: true },
    }),
  }),
  ofInstances('a grant that changes documents', 'transcript.kept', may('ssm:UpdateDocument')),
  ofSet('readers of transcripts', 'Forge-Wealth-ReadOnly', 'transcript.read', without('NotTranscripts')),
  ofInstances('a grant that reads transcripts', 'transcript.read', without('NotTranscripts')),
  ofInstances('Run Command beside a shell', 'transcript.around', may('ssm:SendCommand')),
  ofInstances('a grant that gives the tag', 'transcript.around', may('ec2:CreateTags')),
  ofSet(
    'everyday access that runs commands',
    'Forge-Wealth-ReadOnly',
    'transcript.around',
    may('ssm:SendCommand'),
  ),
  ofSet(
    'everyday access that starts anything',
    'Forge-Wealth-ReadOnly',
    'tunnel.anywhere',
    may('ssm:StartSession'),
  ),
  ofTrust(
    'anybody cuts off',
    inWealth('aws_iam_role.handler["ForgeAuditCutTail"]'),
    'functions.tail.nobody-else',
    edit('OnlyWhoTakesAway', anyCondition),
  ),
  ofTrust(
    'the sweeper can’t cut off',
    inWealth('aws_iam_role.handler["ForgeAuditCutTail"]'),
    'functions.tail.by',
    edit('OnlyWhoTakesAway', (s) => {
      s.Condition = JSON.parse(
        JSON.stringify(s.Condition).replace('forge-breakglass-sweeper', 'forge-breakglass-x'),
      );
    }),
  ),
  ofPolicy(
    'who cuts off changes any policy',
    inWealth('aws_iam_role_policy.handler["ForgeAuditCutTail"]'),
    'policy',
    'functions.tail.only',
    allow('iam:*'),
  ),
  ofPolicy(
    'a revoker that gives',
    'aws_iam_role_policy.handler["revoker"]',
    'policy',
    'functions.give',
    (policy) => {
      without('NeverGive')(policy);
      allow('identitystore:*')(policy);
    },
  ),
  ofPolicy(
    'a sweeper that empties teams',
    'aws_iam_role_policy.handler["sweeper"]',
    'policy',
    'functions.sweeper.teams',
    edit('TakeAway', (s) => {
      s.Resource = '*';
    }),
  ),
  ofPolicy(
    'an exporter that reads records',
    'aws_iam_role_policy.handler["exporter"]',
    'policy',
    'functions.exporter.writes',
    allow('s3:GetObject'),
  ),
  ofPolicy(
    'a recorder that takes',
    'aws_iam_role_policy.handler["recorder"]',
    'policy',
    'functions.recorder.takes',
    allow('identitystore:DeleteGroupMembership'),
  ),
  ofValue('another archive of functions', 'aws_lambda_function.handler["recorder"]', 'functions.archive', {
    source_code_hash: 'AAAA',
  }),
  ofPolicy(
    'a bus for all of production',
    'aws_cloudwatch_event_bus_policy.break_glass',
    'policy',
    'watch.bus.put',
    edit('OnlyTheForwarders', anyCondition),
  ),
  ofPolicy(
    'a bus for nobody',
    'aws_cloudwatch_event_bus_policy.break_glass',
    'policy',
    'watch.bus.put',
    without('OnlyTheForwarders'),
  ),
  ofPolicy(
    'a secret for administrators',
    'aws_secretsmanager_secret_policy.slack',
    'policy',
    'watch.secret',
    without('OnlyWhoTells'),
  ),
  gone('a secret without a policy', 'aws_secretsmanager_secret_policy.slack', 'watch.secret'),
  ofPolicy(
    'a queue for anybody’s rules',
    'aws_sqs_queue.dead_letters',
    'policy',
    'watch.services',
    edit('FromTheRules', anyCondition),
  ),
  ofPolicy(
    'a topic for an account’s alarms that nobody knows',
    'aws_sns_topic_policy.alerts',
    'policy',
    'watch.services',
    edit('FromTheAlarms', (s) => {
      s.Condition = { StringEquals: { 'aws:SourceAccount': '000000000000' } };
    }),
  ),
  gone('a rule is missing', 'aws_cloudwatch_event_rule.rule["memberships"]', 'watch.memberships'),
  ofValue('a rule is switched off', 'aws_cloudwatch_event_rule.rule["intake"]', 'watch.intake', {
    state: 'DISABLED',
  }),
  {
    what: 'a rule takes what anybody puts',
    caughtBy: 'watch.source',
    change: (plan) => {
      const { values } = plan.resource('aws_cloudwatch_event_rule.rule["memberships"]');
      const { source: _, ...pattern } = JSON.parse(String(values.event_pattern));
      values.event_pattern = JSON.stringify(pattern);
    },
  },
  gone(
    'nothing forwards emergencies',
    inWealth('module.forwarding.aws_cloudwatch_event_rule.watch["emergency-roles"]'),
    'watch.emergency',
  ),
  {
    what: 'a workflow that gives up',
    caughtBy: 'workflow.revoke',
    change: (plan) => {
      plan.definition((states) => {
        Object.assign(states.SayThatItIsStuck ?? {}, { Next: 'Done' });
      });
    },
  },
  {
    what: 'a workflow that keeps what is not recorded',
    caughtBy: 'workflow.unrecorded',
    change: (plan) => {
      plan.definition((states) => {
        delete states.Open?.Catch;
      });
    },
  },
  ofValue(
    'a function that any account’s rules may call',
    'aws_lambda_permission.rule["intake"]',
    'functions.invoked',
    {
      source_arn: null,
    },
  ),
  ofValue('a function that anybody may call', 'aws_lambda_permission.rule["intake"]', 'functions.invoked', {
    principal: '*',
  }),
  ofValue(
    'an alarm that tells nobody',
    'aws_cloudwatch_metric_alarm.alarm["revoker-errors"]',
    'watch.alarms',
    {
      alarm_actions: [],
    },
  ),
  ofValue('alarms switched off', 'aws_cloudwatch_metric_alarm.alarm["dead-letters"]', 'watch.alarms', {
    actions_enabled: false,
  }),
  ofValue('a sweeper that may stand still', 'aws_cloudwatch_metric_alarm.alarm["no-sweep"]', 'watch.alarms', {
    treat_missing_data: 'notBreaching',
  }),
  ofValue('a sweeper that runs once a day', 'aws_scheduler_schedule.sweep', 'workflow.sweeper', {
    schedule_expression: 'rate(1 day)',
  }),
  ofValue(
    'approvers’ keys for a day',
    'aws_ssoadmin_permission_set.set["Forge-BreakGlass-Approve-tier1"]',
    'standing.approvers.short',
    {
      session_duration: 'PT12H',
    },
  ),
  ofValue(
    'grants’ keys for a day',
    'aws_ssoadmin_permission_set.set["Forge-Prod-Database"]',
    'standing.durations',
    { session_duration: 'PT12H' },
  ),
  gone(
    'a permission set without its boundary',
    'aws_ssoadmin_permissions_boundary_attachment.set["Forge-Prod-Database"]',
    'standing.bounded',
  ),
  {
    what: 'developers in production',
    caughtBy: 'standing.production',
    change: (plan) =>
      plan.add(
        'aws_ssoadmin_account_assignment.everyday["grp-forge-developers/Forge-Developer/111111111111"]',
        'grp-forge-developers/Forge-Developer/333333333333',
        { target_id: '333333333333' },
      ),
  },
];
