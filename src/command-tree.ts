import type { CommandDefinition } from './command.ts';

export interface Entry {
  readonly path: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly default: CommandDefinition<never> }>;
}

/** The command tree in --help order, one line a command. A command's file is loaded only when it runs. */
export const groups: readonly { readonly title: string; readonly entries: readonly Entry[] }[] = [
  {
    title: 'Sign in',
    entries: [
      {
        path: 'login',
        summary: 'sign in through IAM Identity Center',
        load: () => import('./commands/login.ts'),
      },
      {
        path: 'logout',
        summary: 'sign out and remove what forge stored',
        load: () => import('./commands/logout.ts'),
      },
      {
        path: 'whoami',
        summary: 'who you are, where you can go, and for how long',
        load: () => import('./commands/whoami.ts'),
      },
    ],
  },
  {
    title: 'Databases',
    entries: [
      {
        path: 'db connect',
        summary: 'open psql, or a built-in shell, on a database',
        load: () => import('./commands/db/connect.ts'),
      },
      {
        path: 'db query',
        summary: 'run SQL from a script: table, json, csv, ndjson',
        load: () => import('./commands/db/query.ts'),
      },
      { path: 'db list', summary: 'databases you can name', load: () => import('./commands/db/list.ts') },
      {
        path: 'db check',
        summary: 'test each step to a database, and say what to do',
        load: () => import('./commands/db/check.ts'),
      },
      {
        path: 'db token',
        summary: 'print an RDS IAM auth token',
        load: () => import('./commands/db/token.ts'),
      },
    ],
  },
  {
    title: 'Instances',
    entries: [
      {
        path: 'ssm',
        summary: 'open a shell on an instance through Session Manager',
        load: () => import('./commands/ssm/connect.ts'),
      },
      {
        path: 'ssm list',
        summary: 'instances that Session Manager knows',
        load: () => import('./commands/ssm/list.ts'),
      },
      {
        path: 'ssm run',
        summary: 'run a command on one instance or on many',
        load: () => import('./commands/ssm/run.ts'),
      },
      {
        path: 'ssm forward',
        summary: 'ports of this machine that lead to an instance, or through it',
        load: () => import('./commands/ssm/forward.ts'),
      },
      {
        path: 'ssm cp',
        summary: 'copy files to an instance or from one, without S3 or a key',
        load: () => import('./commands/ssm/cp.ts'),
      },
      {
        path: 'ssm ssh-proxy',
        summary: "ssh's way to an instance, for ProxyCommand",
        load: () => import('./commands/ssm/ssh-proxy.ts'),
      },
      {
        path: 'ssm config',
        summary: 'print the lines of ssh_config that make ssh go through it',
        load: () => import('./commands/ssm/config.ts'),
      },
    ],
  },
  {
    title: 'Kubernetes',
    entries: [
      {
        path: 'kube use',
        summary: 'write a cluster into your kubeconfig, for kubectl and helm',
        load: () => import('./commands/kube/use.ts'),
      },
      {
        path: 'kube list',
        summary: 'clusters that you can name, and their contexts',
        load: () => import('./commands/kube/list.ts'),
      },
      {
        path: 'kube exec',
        summary: 'run kubectl, helm or k9s with a kubeconfig of its own',
        load: () => import('./commands/kube/exec.ts'),
      },
      {
        path: 'kube proxy',
        summary: 'keep a way to a cluster open, and print its KUBECONFIG',
        load: () => import('./commands/kube/proxy.ts'),
      },
      {
        path: 'kube token',
        summary: 'print a token for a cluster, as kubectl asks for it',
        load: () => import('./commands/kube/token.ts'),
      },
      {
        path: 'kube remove',
        summary: 'take what forge wrote out of your kubeconfig',
        load: () => import('./commands/kube/remove.ts'),
      },
    ],
  },
  {
    title: 'Break-glass',
    entries: [
      {
        path: 'breakglass',
        summary: 'ask for access to production, for a while',
        load: () => import('./commands/breakglass/request.ts'),
      },
      {
        path: 'breakglass approve',
        summary: 'look at a request, and let somebody in',
        load: () => import('./commands/breakglass/approve.ts'),
      },
      {
        path: 'breakglass deny',
        summary: 'refuse a request',
        load: () => import('./commands/breakglass/deny.ts'),
      },
      {
        path: 'breakglass resume',
        summary: 'go on with a request of yours, or go back in',
        load: () => import('./commands/breakglass/resume.ts'),
      },
      {
        path: 'breakglass extend',
        summary: 'ask for more time',
        load: () => import('./commands/breakglass/extend.ts'),
      },
      {
        path: 'breakglass end',
        summary: 'give access back before its time',
        load: () => import('./commands/breakglass/end.ts'),
      },
      {
        path: 'breakglass list',
        summary: 'who asks, and who has access',
        load: () => import('./commands/breakglass/list.ts'),
      },
      {
        path: 'breakglass show',
        summary: 'one request, and what became of it',
        load: () => import('./commands/breakglass/show.ts'),
      },
      {
        path: 'breakglass status',
        summary: 'what you asked for, and what is open here',
        load: () => import('./commands/breakglass/status.ts'),
      },
    ],
  },
  {
    title: 'Credentials for other programs',
    entries: [
      {
        path: 'exec',
        summary: 'run a command with credentials of an environment',
        load: () => import('./commands/exec.ts'),
      },
      {
        path: 'env',
        summary: 'print shell lines that export credentials',
        load: () => import('./commands/env.ts'),
      },
      {
        path: 'credentials',
        summary: 'print credentials as a credential_process does',
        load: () => import('./commands/credentials.ts'),
      },
      {
        path: 'console',
        summary: "open an environment's AWS console in the browser",
        load: () => import('./commands/console.ts'),
      },
    ],
  },
  {
    title: 'Set up',
    entries: [
      { path: 'config init', summary: 'write a forge.yaml', load: () => import('./commands/config/init.ts') },
      {
        path: 'config show',
        summary: 'the configuration as forge reads it',
        load: () => import('./commands/config/show.ts'),
      },
      {
        path: 'config check',
        summary: 'find mistakes in the configuration',
        load: () => import('./commands/config/check.ts'),
      },
      {
        path: 'config path',
        summary: 'which files the configuration comes from',
        load: () => import('./commands/config/path.ts'),
      },
      {
        path: 'config aws-profiles',
        summary: 'write ~/.aws/config profiles that ask forge for credentials',
        load: () => import('./commands/config/aws-profiles.ts'),
      },
      {
        path: 'completion',
        summary: 'completion for bash, zsh or fish',
        load: () => import('./commands/completion.ts'),
      },
    ],
  },
  {
    title: 'Rehearse',
    entries: [
      {
        path: 'sandbox start',
        summary: 'start an AWS on loopback, with a real PostgreSQL',
        load: () => import('./commands/sandbox/start.ts'),
      },
      {
        path: 'sandbox run',
        summary: 'run one command in the sandbox',
        load: () => import('./commands/sandbox/run.ts'),
      },
      {
        path: 'sandbox shell',
        summary: 'open a shell in the sandbox',
        load: () => import('./commands/sandbox/shell.ts'),
      },
      {
        path: 'sandbox status',
        summary: 'what runs, and where',
        load: () => import('./commands/sandbox/status.ts'),
      },
      {
        path: 'sandbox vpn',
        summary: 'connect or end the VPN of the sandbox',
        load: () => import('./commands/sandbox/vpn.ts'),
      },
      {
        path: 'sandbox mfa',
        summary: 'the code of the MFA device in the sandbox',
        load: () => import('./commands/sandbox/mfa.ts'),
      },
      {
        path: 'sandbox stop',
        summary: 'stop the sandbox and remove all of it',
        load: () => import('./commands/sandbox/stop.ts'),
      },
    ],
  },
];

export const entries: readonly Entry[] = groups.flatMap((group) => group.entries);
