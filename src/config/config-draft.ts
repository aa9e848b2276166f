import type { AwsConfigFile } from './aws-config-file.ts';
import { findProfileSignIn } from './aws-config-file.ts';

/** What `forge config init` writes. */
export interface ConfigDraft {
  readonly extends: string | undefined;
  readonly signIn: DraftSignIn | undefined;
  readonly environments: readonly DraftEnvironment[];
}

export interface DraftSignIn {
  readonly startUrl: string;
  readonly region: string;
  readonly session: string;
}

export interface DraftEnvironment {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly permissionSet: string | undefined;
}

/** What ~/.aws/config knows: where it signs in, and the profiles that sign in there. */
export interface AwsConfigOffer {
  readonly signIn: DraftSignIn;
  readonly environments: readonly DraftEnvironment[];
}

/** One offer for each place to sign in; legacy profiles with a start URL of their own are one named `forge`. */
export function offersOf(file: Omit<AwsConfigFile, 'path'>): readonly AwsConfigOffer[] {
  const offers = new Map<string, { signIn: DraftSignIn; environments: DraftEnvironment[] }>();
  const offerFor = ({ startUrl, region, session }: DraftSignIn) => {
    const key = JSON.stringify([session, startUrl, region]);
    const found = offers.get(key) ?? {
      signIn: { startUrl, region, session: session === startUrl ? 'forge' : session },
      environments: [],
    };
    offers.set(key, found);
    return found;
  };
  for (const session of file.ssoSessions.keys()) {
    const settings = file.ssoSessions.get(session);
    const startUrl = settings?.get('sso_start_url');
    const region = settings?.get('sso_region');
    if (startUrl && region) offerFor({ startUrl, region, session });
  }
  for (const [profile, settings] of file.profiles) {
    const signIn = findProfileSignIn(file, profile);
    const account = settings.get('sso_account_id');
    if (signIn === undefined || account === undefined || !/^\d{12}$/.test(account)) continue;
    const { environments } = offerFor(signIn);
    environments.push({
      name: freeName(profile, environments),
      account,
      region: settings.get('region') || signIn.region,
      permissionSet: settings.get('sso_role_name') || undefined,
    });
  }
  return [...offers.values()];
}

/** A profile's name as an environment's; two that would be the same are numbered. */
function freeName(profile: string, taken: readonly DraftEnvironment[]): string {
  const base = profile.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60) || 'environment';
  let name = base;
  for (let number = 2; taken.some((environment) => environment.name === name); number++)
    name = `${base}-${number}`;
  return name;
}

/** Whether a name sounds like production: the safe guess, since production only ever takes away. */
export function soundsLikeProduction(name: string): boolean {
  return /(^|[^a-z])(prod|prd|live)/i.test(name) && !/(non|pre)[-_.]?prod/i.test(name);
}

/** forge.yaml with comments that say what can be added. */
export function renderDraft(draft: ConfigDraft): string {
  const blocks = [
    '# forge’s configuration. All keys: docs/configuration.md. Check it: forge config check\nversion: 1',
  ];
  if (draft.extends !== undefined) {
    blocks.push(
      `# What follows changes that file: mappings are merged by key, all else is replaced.\nextends: ${scalar(draft.extends)}`,
    );
  }
  if (draft.signIn !== undefined) {
    const { startUrl, region, session } = draft.signIn;
    blocks.push(
      `sign_in:\n  start_url: ${scalar(startUrl)}\n  region: ${scalar(region)}\n  # The [sso-session] of ~/.aws/config that the AWS CLI and forge share.\n  session: ${scalar(session)}`,
    );
  }
  const [first] = draft.environments.filter(({ name }) => !soundsLikeProduction(name));
  if (first !== undefined) blocks.push(`default_environment: ${scalar(first.name)}`);
  if (draft.environments.length > 0) {
    blocks.push(`environments:\n${draft.environments.map(renderEnvironment).join('\n\n')}`);
  }
  return `${blocks.join('\n\n')}\n`;
}

function renderEnvironment(
  { name, account, region, permissionSet }: DraftEnvironment,
  index: number,
): string {
  const lines = [
    `  ${scalar(name)}:`,
    `    account: ${JSON.stringify(account)}`,
    `    region: ${scalar(region)}`,
  ];
  if (soundsLikeProduction(name)) lines.push('    production: true');
  if (permissionSet !== undefined) lines.push(`    permission_set: ${scalar(permissionSet)}`);
  if (index === 0) lines.push(...databaseExample.map((line) => `    # ${line}`));
  return lines.join('\n');
}

const databaseExample = [
  'databases:',
  '  shop:',
  '    cluster: dev-shop                # or instance: …, or endpoint: host name',
  '    database: shop',
  '    user: developer                  # granted rds_iam',
  '    role: developer-rds-access       # assumed for this database',
];

/** Quoted unless it can only be text. JSON strings are YAML strings. */
function scalar(text: string): string {
  const plain = /^[A-Za-z][\w./@-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain || /^https:\/\/[\w.-]+(\/[\w./-]*)?$/.test(text) ? text : JSON.stringify(text);
}
