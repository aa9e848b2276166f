import { configurationBucketOf } from '../config/break-glass.ts';
import type { Config } from '../config/config.ts';

/** What forge.yaml says should be: the plan is held against it. */
export interface Intent {
  readonly accessAccount: string;
  /** Home region, and Identity Center's own. */
  readonly region: string;
  readonly identityStore: string;
  readonly requestSet: string | undefined;
  readonly auditSet: string | undefined;
  readonly killSet: string | undefined;
  /** Tiers that somebody approves. */
  readonly tiers: readonly ApprovedTier[];
  readonly grants: readonly IntendedGrant[];
  readonly production: readonly IntendedProduction[];
  /** Whether forge.yaml names any in production. */
  readonly databases: boolean;
  /** Tier 0: who stands on call, and what they become. */
  readonly emergency:
    | { readonly permissionSet: string; readonly role: string; readonly requesters: readonly string[] }
    | undefined;
  readonly offline: { readonly user: string; readonly role: string; readonly minutes: number } | undefined;
  /** Everyday assignments, as forge.yaml's `groups` name them. */
  readonly everyday: readonly {
    readonly group: string;
    readonly permissionSet: string;
    readonly account: string;
  }[];
  readonly intakeBucket: string;
  readonly archiveBucket: string;
  readonly configurationBucket: string;
  readonly retentionDays: number;
}

export interface IntendedProduction {
  readonly name: string;
  readonly account: string;
  /** Names that forge.yaml has for databases there. */
  readonly databases: readonly string[];
}

export interface ApprovedTier {
  readonly name: string;
  /** Permission set of its approvers. */
  readonly approverSet: string;
  readonly maximumMinutes: number;
}

/** A just-in-time group. */
export interface IntendedGrant {
  readonly tier: string;
  readonly group: string;
  readonly permissionSet: string;
  readonly account: string;
  readonly environment: string;
  readonly maximumMinutes: number;
  /** Session documents that its scenario names. */
  readonly documents: readonly string[];
}

const longestMinutes = 720;

/** Undefined where forge.yaml has no break-glass that could be deployed. Pure. */
export function readIntent({ breakGlass, environments, groups }: Config): Intent | undefined {
  const { account, region, identityStore } = breakGlass ?? {};
  if (!breakGlass || !account || !region || !identityStore) return undefined;
  const production = [...environments.values()].filter((environment) => environment.production);
  const of = (kind: string) => [...breakGlass.tiers.values()].find(({ approval }) => approval === kind);
  const [zero, three] = [of('self-serve'), of('two-people')];
  const approved = [...breakGlass.tiers.values()].filter(({ approval }) => approval === 'approver');
  return {
    accessAccount: account,
    region,
    identityStore,
    requestSet: breakGlass.requestPermissionSet,
    auditSet: breakGlass.auditPermissionSet,
    killSet: breakGlass.killPermissionSet,
    tiers: approved.flatMap(({ name, approvers, maximumSeconds }) => {
      const approverSet = approvers && breakGlass.approvers.get(approvers)?.permissionSet;
      return approverSet ? [{ name, approverSet, maximumMinutes: minutes(maximumSeconds) }] : [];
    }),
    grants: approved.flatMap((tier) => {
      const uses =
        tier.scenarios.length === 0
          ? [undefined]
          : tier.scenarios.map((name) => breakGlass.scenarios.get(name));
      return uses.flatMap((scenario) =>
        production
          .filter(({ name }) => tier.environments.length === 0 || tier.environments.includes(name))
          .flatMap((environment) => {
            const group = (scenario?.group ?? tier.group)?.replace('{environment}', environment.name);
            const permissionSet = scenario?.permissionSet ?? tier.permissionSet;
            if (group === undefined || permissionSet === undefined) return [];
            const maximumMinutes = Math.min(minutes(tier.maximumSeconds), minutes(scenario?.maximumSeconds));
            return [
              {
                tier: tier.name,
                group,
                permissionSet,
                account: environment.account,
                environment: environment.name,
                maximumMinutes,
                documents: Object.values(scenario?.sessionDocuments ?? {}),
              },
            ];
          }),
      );
    }),
    production: production.map(({ name, account: id, databases }) => ({
      name,
      account: id,
      databases: [...databases.keys()],
    })),
    databases: production.some(({ databases }) => databases.size > 0),
    emergency:
      zero?.role && zero.permissionSet
        ? { permissionSet: zero.permissionSet, role: lastName(zero.role), requesters: zero.requesters }
        : undefined,
    offline:
      three?.role && three.user
        ? { user: lastName(three.user), role: lastName(three.role), minutes: minutes(three.maximumSeconds) }
        : undefined,
    everyday: [...groups.values()].flatMap((group) =>
      [...group.environments].flatMap(([name, permissionSet]) => {
        const environment = environments.get(name);
        return environment ? [{ group: group.name, permissionSet, account: environment.account }] : [];
      }),
    ),
    intakeBucket: breakGlass.records?.intakeBucket ?? `forge-breakglass-intake-${account}`,
    archiveBucket: breakGlass.records?.archiveBucket ?? `forge-breakglass-archive-${account}`,
    configurationBucket: configurationBucketOf(breakGlass.records, account),
    retentionDays: (breakGlass.records?.retentionSeconds ?? 0) / 86_400,
  };
}

const minutes = (seconds: number | undefined): number =>
  seconds === undefined ? longestMinutes : seconds / 60;

/** Of an ARN or of a name with its path. */
const lastName = (text: string): string => text.split('/').at(-1) ?? text;
