import { durationText } from '../../lib/duration-text.ts';
import type { SandboxState } from '../../sandbox/process/sandbox-state.ts';
import { getVpn, type Reachable } from '../../sandbox/process/vpn.ts';
import type { Result } from '../../terminal/output.ts';
import type { Style } from '../../terminal/style.ts';
import { renderTable } from '../../terminal/table.ts';
import { vpnText } from './vpn-text.ts';

/** A running sandbox, for people and for scripts; never its secrets, which only sandbox.json holds. */
export async function describeSandbox(state: SandboxState, now: number): Promise<Result> {
  const reachable = await getVpn(state);
  return {
    data: {
      running: true,
      pid: state.pid,
      startedAt: new Date(state.startedAt).toISOString(),
      folder: state.folder,
      url: state.url,
      authority: state.authority,
      config: state.config,
      log: state.log,
      people: state.people.map(({ home: _, ...person }) => person),
      databases: state.databases,
      clusters: state.clusters,
      direct: Object.fromEntries(reachable),
      offline: withoutSecrets(state.offline),
    },
    text: (style) => sandboxText(state, reachable, now, style),
  };
}

/** What a rehearsal with MFA needs to know; `forge sandbox mfa` shows codes. */
function withoutSecrets({ arn, mfaSerial, keeper, profile, roleArn }: SandboxState['offline']) {
  return { arn, mfaSerial, keeper, profile, roleArn };
}

function sandboxText(state: SandboxState, reachable: Reachable, now: number, style: Style): string {
  const people = renderTable(
    [
      { title: 'PERSON', value: (person) => person.nickname, tone: () => 'bold' },
      { title: 'SIGNS IN AS', value: (person) => person.userName },
      { title: 'WHO', value: (person) => person.title },
      {
        title: 'GROUPS',
        value: (person) => person.groups.map((group) => group.replace('grp-forge-', '')).join(' '),
        tone: () => 'dim',
      },
    ],
    state.people,
    style,
  );
  const databases = renderTable(
    [
      { title: 'DATABASE', value: (entry) => entry.target, tone: () => 'bold' },
      { title: 'ENDPOINT (AT 127.0.0.1)', value: (entry) => `${entry.endpoint}:${entry.port}` },
      { title: 'USERS', value: (entry) => entry.users.join(' '), tone: () => 'dim' },
    ],
    state.databases,
    style,
  );
  const clusters = renderTable(
    [
      { title: 'CLUSTER', value: (entry) => entry.target, tone: () => 'bold' },
      { title: 'IN EKS', value: (entry) => entry.cluster },
      { title: 'ENDPOINT', value: (entry) => entry.endpoint },
      {
        title: '',
        value: (entry) => (entry.publicAccess ? '' : 'through Session Manager only'),
        tone: () => 'dim',
      },
    ],
    state.clusters,
    style,
  );
  const next: readonly (readonly [string, string])[] = [
    ['forge sandbox shell', 'a shell as dana; in it:'],
    ['  forge login', 'sign in: any person, no password'],
    ['  forge db connect dev', 'SQL on the dev database'],
    ['  forge ssm dev/web-1', 'a shell on an instance; forge ssm list'],
    ['forge sandbox run -- forge whoami', 'one command in it'],
    ['forge sandbox vpn on', 'reach production directly, too'],
    ['forge sandbox as mia', 'a shell as who approves access to production'],
    ['forge sandbox slack', 'what Slack was told'],
    ['forge sandbox stop', 'end it and remove everything'],
  ];
  return [
    `${style.caution('SANDBOX')} ${style.plain(`running for ${durationText(now - state.startedAt)} as process ${state.pid}. Nothing in it is AWS; it listens on 127.0.0.1 only.`)}`,
    '',
    people,
    '',
    databases,
    '',
    clusters,
    '',
    vpnText(reachable, style),
    '',
    `${style.dim('AWS endpoint')}  ${style.plain(state.url)}`,
    `${style.dim('Folder')}        ${style.plain(state.folder)}`,
    '',
    ...next.map(([command, effect]) => `${style.bold(command.padEnd(36))}${style.dim(effect)}`),
  ].join('\n');
}
