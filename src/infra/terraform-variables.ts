import type { BreakGlass, Tier } from '../config/break-glass.ts';
import type { Config, Environment, RoleStep } from '../config/config.ts';
import { ForgeError } from '../errors.ts';

/** What `forge.auto.tfvars.json` holds: the variables of infra/root/variables.tf. */
export interface TerraformVariables {
  readonly environments: Readonly<Record<string, TerraformEnvironment>>;
  readonly groups: Readonly<Record<string, object>>;
  readonly requesters: readonly string[];
  readonly identity_center_region: string;
  readonly break_glass: object;
}

export interface TerraformEnvironment {
  readonly account: string;
  readonly region: string;
  readonly description?: string | undefined;
  readonly production: boolean;
  readonly databases?: Readonly<Record<string, TerraformDatabase>> | undefined;
  readonly clusters?: Readonly<Record<string, { readonly cluster: string }>> | undefined;
  readonly max_session_minutes?: number | undefined;
}

interface DatabaseUse {
  readonly user: string;
  /** Name with its path, or the ARN of one in another account. */
  readonly role?: string | undefined;
}

interface TerraformDatabase extends DatabaseUse {
  readonly write?: DatabaseUse | undefined;
  readonly change?: DatabaseUse | undefined;
}

/** The roles that the module makes, and that its policies name. */
const emergencyRole = 'forge/Forge-Prod-Emergency';
const offlineRole = 'forge/Forge-BreakGlass-Offline';
const databaseRoles = ['readonly-rds-access', 'write-rds-access'];

/**
 * forge.yaml in Terraform's words. All that is missing is said at once, by its key.
 * @throws usage: INFRA_INCOMPLETE
 */
export function terraformVariables(config: Config): TerraformVariables {
  const missing: string[] = [];
  const need = <T>(value: T | undefined, key: string): T | undefined => {
    if (value === undefined) missing.push(key);
    return value;
  };
  const region = need(config.signIn?.region, 'sign_in.region');
  const production = [...config.environments.values()].filter((environment) => environment.production);
  if (production.length === 0) missing.push('an environment with "production: true"');
  const breakGlass = need(config.breakGlass, 'break_glass');
  const variables = breakGlass && breakGlassVariables(breakGlass, need);
  if (missing.length > 0 || region === undefined || breakGlass === undefined || variables === undefined) {
    throw incomplete(missing);
  }
  refuseOtherRoles(breakGlass);
  refuseSharedAccounts(production, breakGlass);
  return {
    environments: record(config.environments, (environment) => environmentVariables(environment, breakGlass)),
    groups: record(config.groups, ({ access, members, environments, network }) => ({
      access,
      members,
      environments: Object.fromEntries(environments),
      network,
    })),
    requesters: requesters(config, breakGlass),
    identity_center_region: region,
    break_glass: variables,
  };
}

type Need = <T>(value: T | undefined, key: string) => T | undefined;

function breakGlassVariables(breakGlass: BreakGlass, need: Need): object {
  const { records, approvers, tiers, scenarios } = breakGlass;
  if (tiers.size === 0) need(undefined, 'break_glass.tiers');
  return {
    account: need(breakGlass.account, 'break_glass.account'),
    region: need(breakGlass.region, 'break_glass.region'),
    identity_store: need(breakGlass.identityStore, 'break_glass.identity_store'),
    request_permission_set: need(breakGlass.requestPermissionSet, 'break_glass.request_permission_set'),
    audit_permission_set: need(breakGlass.auditPermissionSet, 'break_glass.audit_permission_set'),
    kill_permission_set: breakGlass.killPermissionSet,
    request_lifetime_minutes: wholeMinutes(breakGlass.requestLifeSeconds),
    channels: Object.fromEntries(breakGlass.channels),
    approvers: record(approvers, (kind, name) => ({
      description: kind.description,
      groups: kind.groups,
      permission_set: need(kind.permissionSet, `break_glass.approvers.${name}.permission_set`),
      channel: kind.channel,
    })),
    tiers: record(tiers, (tier) => tierVariables(tier, breakGlass, need)),
    scenarios: record(scenarios, (scenario) => ({
      description: scenario.description,
      permission_set: scenario.permissionSet,
      group: scenario.group,
      max_duration_minutes: wholeMinutes(scenario.maximumSeconds),
      allows: scenario.allows,
    })),
    records: {
      intake_bucket: need(records?.intakeBucket, 'break_glass.records.intake_bucket'),
      archive_bucket: need(records?.archiveBucket, 'break_glass.records.archive_bucket'),
      configuration_bucket: records?.configurationBucket,
      retention_days: days(need(records?.retentionSeconds, 'break_glass.records.retention')),
    },
  };
}

function tierVariables(tier: Tier, { scenarios }: BreakGlass, need: Need): object {
  const key = `break_glass.tiers."${tier.name}"`;
  if (tier.approval !== 'approver') need(tier.role, `${key}.role`);
  if (tier.approval === 'self-serve') need(tier.permissionSet, `${key}.permission_set`);
  if (tier.approval === 'two-people') need(tier.user, `${key}.user`);
  if (tier.approval === 'approver') {
    const of = tier.scenarios.length === 0 ? [undefined] : tier.scenarios;
    for (const name of of) {
      const scenario = name === undefined ? undefined : scenarios.get(name);
      const where = name === undefined ? key : `break_glass.scenarios.${name}`;
      need(scenario?.permissionSet ?? tier.permissionSet, `${where}.permission_set`);
      need(scenario?.group ?? tier.group, `${where}.group`);
    }
  }
  return {
    description: tier.description,
    when: tier.when,
    permission_set: tier.permissionSet,
    role: tier.role,
    group: tier.group,
    approval: tier.approval,
    approvers: tier.approvers,
    approvals: tier.approvals,
    requesters: tier.requesters,
    environments: tier.environments,
    scenarios: tier.scenarios,
    min_duration_minutes: wholeMinutes(tier.minimumSeconds, Math.ceil),
    max_duration_minutes: wholeMinutes(tier.maximumSeconds),
    mfa: tier.mfa,
    mfa_within_minutes: wholeMinutes(tier.mfaWithinSeconds),
    ticket: {
      when: tier.ticket.when,
      within_minutes: wholeMinutes(tier.ticket.withinSeconds),
      pattern: tier.ticket.pattern,
    },
    alert: tier.alert,
    user: tier.user,
    mfa_devices: Object.fromEntries(tier.mfaDevices),
    vault_item: tier.vaultItem,
  };
}

function environmentVariables(environment: Environment, breakGlass: BreakGlass): TerraformEnvironment {
  const { account, region, description, production, databases, clusters } = environment;
  const common = { account, region, description, production };
  if (!production) return common;
  return {
    ...common,
    databases: record(databases, ({ user, role, write, change }) => ({
      user,
      role: roleName(role, environment),
      write: write && { user: write.user, role: roleName(write.role ?? role, environment) },
      change: change && {
        user: change.user,
        role: roleName(change.role ?? write?.role ?? role, environment),
      },
    })),
    clusters: record(clusters, ({ cluster }) => ({ cluster })),
    max_session_minutes: wholeMinutes(environment.maxSessionSeconds ?? longestShell(breakGlass)),
  };
}

/** Policies name roles in whichever account they are, so the name alone, where it is one of the environment's own. */
function roleName(role: RoleStep | undefined, { name, account }: Environment): string | undefined {
  if (role === undefined) return undefined;
  const [, own] = new RegExp(`^arn:aws[a-z-]*:iam::${account}:role/(.+)$`).exec(role.roleArn) ?? [];
  if (own === undefined || databaseRoles.includes(own)) return own ?? role.roleArn;
  throw new ForgeError(
    'usage',
    `A database of environments.${name} is reached by the role ${own}; the module makes ${databaseRoles.join(' and ')}, which break-glass can end.`,
    { code: 'INFRA_OTHER_ROLE', hint: `Write there: role: ${databaseRoles.join(', or ')}` },
  );
}

/** Session Manager knows one limit for an account: what the longest scenario of instances has. */
function longestShell({ scenarios }: BreakGlass): number | undefined {
  return scenarios.get('instance')?.maximumSeconds;
}

/** Who may ask. Where a tier says nobody, that is everybody: all groups that people work in. */
function requesters(config: Config, { tiers }: BreakGlass): readonly string[] {
  const named = [...tiers.values()].flatMap((tier) => tier.requesters);
  const open = [...tiers.values()].some(
    ({ approval, requesters: own }) => approval === 'approver' && own.length === 0,
  );
  const everybody = [...config.groups.values()].filter(({ environments }) => environments.size > 0);
  const found = someOf([...named, ...(open ? everybody.map(({ name }) => name) : [])]);
  if (found === undefined) throw incomplete(['break_glass.tiers.….requesters, or groups with environments']);
  return found;
}

/** Policies, rules and the organization's guard name these roles; others would be unwatched. */
function refuseOtherRoles({ tiers }: BreakGlass): void {
  for (const { name, approval, role } of tiers.values()) {
    const only = approval === 'self-serve' ? emergencyRole : approval === 'two-people' ? offlineRole : role;
    if (role === only) continue;
    throw new ForgeError(
      'usage',
      `break_glass.tiers."${name}".role is ${role}; the module makes and watches ${only}.`,
      { code: 'INFRA_OTHER_ROLE', hint: `Write there: role: ${only}` },
    );
  }
}

function refuseSharedAccounts(production: readonly Environment[], { account }: BreakGlass): void {
  const seen = new Map<string, string>();
  for (const environment of production) {
    const other = environment.account === account ? 'break_glass.account' : seen.get(environment.account);
    if (other !== undefined) {
      throw new ForgeError(
        'usage',
        `environments.${environment.name}.account is that of ${other}: break-glass gives access to an account as a whole.`,
        { code: 'INFRA_SHARED_ACCOUNT', hint: 'Each production environment needs an account of its own.' },
      );
    }
    seen.set(environment.account, `environments.${environment.name}`);
  }
}

function incomplete(missing: readonly string[]): ForgeError {
  return new ForgeError(
    'usage',
    `forge.yaml says too little for Terraform. Missing: ${missing.join(', ')}.`,
    {
      code: 'INFRA_INCOMPLETE',
      hint: 'samples/forge.yaml has all of it; docs/configuration.md says what each is.',
    },
  );
}

/** Limits are rounded to what is shorter. */
function wholeMinutes(seconds: number | undefined, round = Math.floor): number | undefined {
  return seconds === undefined ? undefined : round(seconds / 60);
}

function days(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.floor(seconds / 86_400);
}

const someOf = (names: readonly string[]): readonly string[] | undefined =>
  names.length === 0 ? undefined : [...new Set(names)].toSorted();

function record<T, U>(map: ReadonlyMap<string, T>, change: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries([...map].map(([key, value]) => [key, change(value, key)]));
}
