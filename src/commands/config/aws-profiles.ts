import { defineCommand } from '../../command.ts';
import { awsConfigPath } from '../../config/aws-config-file.ts';
import {
  type AwsProfile,
  awsProfileName,
  findOwnProfiles,
  renderAwsProfile,
  withAwsProfiles,
  withoutAwsProfiles,
} from '../../config/aws-profiles.ts';
import type { Config, Environment } from '../../config/config.ts';
import { credentialProcessLine } from '../../config/credential-process-line.ts';
import { asBytes, readAwsConfigBytes, updateAwsConfig } from '../../config/update-aws-config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { resolveEnvironment } from '../../targets/resolve-environment.ts';

interface AwsProfilesOptions {
  readonly print?: boolean;
  readonly prune?: boolean;
}

export default defineCommand<AwsProfilesOptions>({
  description:
    'Writes profiles into ~/.aws/config, named forge-<environment>, that ask forge for credentials: the AWS CLI, the SDKs and Terraform then work with the same sign-in.',
  arguments: [{ name: '[environments...]', description: 'which (default: all that are not production)' }],
  options: [
    { flags: '--print', description: 'print the profiles and write nothing' },
    { flags: '--prune', description: 'also remove those of environments that are no longer there' },
  ],
  examples: [
    ['forge config aws-profiles', 'one for each environment that is not production'],
    ['aws s3 ls --profile forge-dev', 'what that is for'],
    ['forge config aws-profiles prod-wealth', 'production too, because it is named'],
    ['forge config aws-profiles --print >> another-file', 'look first, or put them elsewhere'],
  ],
  details: `Only sections that forge wrote are changed; all else in the file, comments and order included, stays as it is.
A profile lets every program of yours that knows its name take credentials without asking you. That is why
production is left out unless you name it; the journal then names the profile as the reason.
The file is ~/.aws/config, or AWS_CONFIG_FILE.`,
  run: runAwsProfiles,
});

async function runAwsProfiles(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: AwsProfilesOptions },
): Promise<void> {
  const { host, output, globals } = context;
  const config = await context.config();
  const path = awsConfigPath(host);
  const before = await readAwsConfigBytes(host);
  const environments = chosenEnvironments(config, args, findOwnProfiles(before));
  const profiles = environments.map((environment) => profileFor(host, config, environment));
  if (options.print === true && !globals.plan) {
    const text = profiles.map(renderAwsProfile).join('\n\n');
    output.result({ data: profiles.map(data), text: () => text });
    return;
  }
  const stale = (name: string) => options.prune === true && !config.environments.has(name);
  const inBytes = profiles.map((profile) => ({ ...profile, command: asBytes(profile.command) }));
  const change = (bytes: string) => withAwsProfiles(withoutAwsProfiles(bytes, stale), inBytes);
  const removed = [...findOwnProfiles(before)].filter(stale).map(awsProfileName);
  const written = profiles.map((profile) => awsProfileName(profile.environment));
  if (globals.plan) {
    const same = change(before) === before;
    output.plan({
      summary: same
        ? `${path} already has these profiles.`
        : `Write ${written.length === 1 ? 'a profile' : `${written.length} profiles`} into ${path}.`,
      steps: [
        ...removed.map((name) => ({ kind: 'local' as const, what: `remove [profile ${name}]` })),
        ...written.map((name) => ({ kind: 'local' as const, what: `write [profile ${name}]` })),
      ],
      equivalents: profiles.map(
        ({ environment, command }) =>
          `aws configure set profile.${awsProfileName(environment)}.credential_process ${JSON.stringify(command)}`,
      ),
    });
    return;
  }
  const changed = await updateAwsConfig(host, change);
  for (const environment of environments.filter(({ production }) => production)) {
    output.warn(
      `every program of yours can now take credentials of ${environment.name}, which is production.`,
    );
  }
  const example = written[0] === undefined ? '' : ` Try: aws sts get-caller-identity --profile ${written[0]}`;
  output.note(changed ? `Wrote ${path}.${example}` : `${path} is up to date.`);
  output.result({
    data: { file: path, changed, profiles: profiles.map(data), removed },
    text: () => [...written, ...removed.map((name) => `${name} (removed)`)].join('\n'),
  });
}

/** Those named; else all but production, and the production ones that were named another time. */
function chosenEnvironments(
  config: Config,
  names: readonly string[],
  present: ReadonlySet<string>,
): readonly Environment[] {
  if (names.length > 0) {
    const none = { flag: undefined, variable: undefined };
    return [...new Set(names)].map((name) => resolveEnvironment(config, name, none));
  }
  if (config.environments.size === 0) {
    throw new ForgeError('usage', 'The configuration has no environments.', {
      code: 'NO_ENVIRONMENT',
      hint: 'forge config init writes a forge.yaml.',
    });
  }
  return [...config.environments.values()].filter(({ name, production }) => !production || present.has(name));
}

function profileFor(host: Host, config: Config, { name, region, production }: Environment): AwsProfile {
  const reason = production ? `profile ${awsProfileName(name)} of the AWS configuration` : undefined;
  const command = credentialProcessLine(host, config.files[0] ?? '', name, reason);
  return { environment: name, region, command };
}

function data(profile: AwsProfile) {
  return {
    name: awsProfileName(profile.environment),
    environment: profile.environment,
    region: profile.region,
    credentialProcess: profile.command,
  };
}
