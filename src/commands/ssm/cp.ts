import { defineCommand } from '../../command.ts';
import type { CopyResult } from '../../ssm/copy/copy-job.ts';
import { onInstance } from './on-instance.ts';
import { maximumMs, reasonOption } from './session-options.ts';

interface CopyOptions {
  readonly recursive?: boolean;
  readonly preserve?: boolean;
  readonly ssh?: boolean;
  readonly identity?: string;
  readonly user?: string;
  readonly reason?: string;
}

export default defineCommand<CopyOptions>({
  description:
    'Copies files and folders to an instance or from one, through Session Manager: no key, no open port, no S3. SHA-256 is compared before anything gets its name, and what was cut goes on when it is run again.',
  arguments: [
    {
      name: '<words...>',
      description:
        'files here, or <instance>:<path> with the instance as forge ssm takes it; the last word is where to',
    },
  ],
  options: [
    { flags: '-r, --recursive', description: 'folders, with all that is in them' },
    { flags: '-p, --preserve', description: 'modes and times of last change stay as they are' },
    { flags: '--ssh', description: 'through the SSH server there, with a key that it takes' },
    { flags: '--identity <file>', description: 'private key to sign in with' },
    { flags: '--user <name>', description: 'user on the instances, e.g. ec2-user' },
    reasonOption,
  ],
  examples: [
    ['forge ssm cp ./app.tar.gz dev/web-1:/tmp/', 'a file to an instance'],
    ['forge ssm cp dev/web-1:/var/log/app.log .', 'a file from one'],
    ['forge ssm cp -r dev/web-1:/etc/nginx ./nginx', 'a folder'],
    ['forge ssm cp -r --user ec2-user ./site dev/web-1:', 'as a user whose key you have, over ssh'],
    [
      'forge ssm cp a.sql b.sql ./c:d i-0123456789abcdef0:/tmp --region us-east-1',
      'several, without forge.yaml',
    ],
  ],
  details: `A word is on an instance when a colon comes before any slash but that of an environment: ./a:b is here.
Paths there begin at the home of the session's user, mostly ssm-user, who must be allowed to read or write them.
--ssh, --identity or --user go through the SSH server there instead, as that user, with a key that it takes.
Break-glass for instances has no SSH. What is copied then is in AWS's transcript of the session, as base64.
A file is gathered beside its place as .forge-….part and renamed when it is whole, so that a link there is replaced;
folders travel as one tar archive. Links in a folder stay links. Those that lead out of it, and what is neither file
nor folder, are left out with a warning and exit code 1; one that may not be read on the instance as well.
The instance needs sh, sed, stty, base64 or openssl, sha256sum or shasum, mkfifo, and tar for folders.
Exit codes: 6 the connection was lost, 7 its time is up, 130 Ctrl-C; what has arrived is kept for the next run.`,
  async run(context, { args, options }) {
    const { globals, host, output } = context;
    const config = await context.config();
    const { parseCopyWords } = await import('../../ssm/copy/copy-words.ts');
    const words = parseCopyWords(args, [...config.environments.keys()], host.platform);
    const { resolveInstance } = await import('../../targets/resolve-instance.ts');
    const target = resolveInstance(config, words.instance, { ...globals, variables: host.env });
    const useSsh = options.ssh === true || options.identity !== undefined || options.user !== undefined;
    const purpose = { purpose: 'ssm cp', reason: options.reason, profile: globals.profile };
    if (globals.plan) {
      const { planCopy } = await import('../../ssm/copy/plan-copy.ts');
      return output.plan(planCopy(config, target, purpose, words, useSsh));
    }
    const { findSources } = await import('../../ssm/copy/local-source.ts');
    const recursive = options.recursive === true;
    const sources = words.direction === 'upload' ? await findSources(host, words.sources, recursive) : [];
    const results: CopyResult[] = [];
    const instanceId = await onInstance(
      context,
      { config, target, purpose },
      async (parts, access, instance) => {
        const { openCopyStream } = await import('../../ssm/copy/open-copy-stream.ts');
        const { RemoteShell } = await import('../../ssm/copy/remote-shell.ts');
        const { recordCopyBegins, recordCopyDone } = await import('../../ssm/copy/record-copy.ts');
        await using stream = await openCopyStream(parts, access, instance, {
          target,
          purpose,
          ssh: useSsh ? { identity: options.identity, user: options.user } : undefined,
          mayAsk: context.prompt.possible,
          maximumMs: maximumMs({}, target.environment),
        });
        // ssh may ask for a passphrase, and about a host key.
        const startsWithin = useSsh ? 300_000 : 30_000;
        const shell = await RemoteShell.start(stream, access.id.replaceAll('-', ''), startsWithin);
        const job = {
          host,
          output,
          shell,
          instanceId: instance.instanceId,
          words,
          recursive,
          preserve: options.preserve === true,
          begins: (path: string) => recordCopyBegins(parts, access, words.direction, path),
          async done(result: CopyResult, path: string) {
            await recordCopyDone(parts, access, words.direction, path, result);
            results.push(result);
            const { copiedText } = await import('../../ssm/copy/copied-text.ts');
            if (host.stderr.isTTY === true) output.note(copiedText(result));
            for (const warning of result.warnings) output.warn(warning);
          },
        };
        try {
          if (words.direction === 'upload') {
            const { uploadSources } = await import('../../ssm/copy/upload-sources.ts');
            await uploadSources(job, sources);
          } else {
            const { downloadSources } = await import('../../ssm/copy/download-sources.ts');
            await downloadSources(job);
          }
          await shell.end();
        } catch (error) {
          const { isCut } = await import('../../ssm/copy/copied-text.ts');
          if (isCut(error, host.signal)) {
            output.warn('What has arrived is kept: the same command goes on from there.');
          } else {
            // It listens still: it takes its folder away, which it can't when its session is merely ended.
            await shell.end();
          }
          throw error;
        }
        return instance.instanceId;
      },
    );
    output.result({
      data: { instanceId, direction: words.direction, files: results },
      text: () => '',
    });
    return results.some(({ warnings }) => warnings.length > 0) ? 1 : 0;
  },
});
