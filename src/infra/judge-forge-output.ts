import type { ConfigFile } from '../config/config-schema.ts';
import { judgeChain } from '../config/read-config.ts';
import { readYaml } from '../config/read-yaml.ts';
import { ForgeError } from '../errors.ts';

/** What Terraform may say of forge.yaml. All else there is people's: how they sign in, databases, paths of files. */
export type ForgeFragment = Pick<ConfigFile, 'environments' | 'groups' | 'break_glass'>;

const partsOfFile = ['environments', 'groups', 'break_glass'];
const partsOfEnvironment = ['description', 'account', 'region', 'production', 'tunnel_document'];

/**
 * The output as a piece of forge.yaml, in the order in which its keys are written there. It is judged by the very rules of the
 * file, so that nothing gets in that could not be written by hand: no command, no path, no secret.
 * @throws usage: TERRAFORM_OUTPUT
 */
export function judgeForgeOutput(value: unknown): ForgeFragment {
  // JSON is YAML: what reads the file reads this.
  const source = { path: 'forge', text: JSON.stringify(withoutNull(value), null, 1) };
  const { tree, problems } = readYaml(source);
  const trees = tree === undefined ? [] : [tree];
  const { data, problems: found } = judgeChain({ sources: [source], trees, problems });
  const [problem] = found;
  if (data === undefined) {
    throw refused(problem?.message ?? 'It is no mapping.', problem?.hint);
  }
  refuseOthers(data, 'It', partsOfFile);
  for (const [name, environment] of Object.entries(data.environments ?? {})) {
    refuseOthers(environment, `environments.${name}`, partsOfEnvironment);
  }
  const { environments, groups, break_glass } = data;
  if (break_glass === undefined) throw refused('It needs "break_glass".', undefined);
  return { environments, groups, break_glass };
}

function refuseOthers(object: object, owner: string, allowed: readonly string[]): void {
  const other = Object.keys(object).find((key) => !allowed.includes(key));
  if (other === undefined) return;
  throw refused(
    `${owner} has "${other}", which Terraform has no say in.`,
    `Of forge.yaml it takes here: ${allowed.join(', ')}. All else is written by hand.`,
  );
}

/** Terraform says null for what an object could have and has not. */
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNull(item)]),
  );
}

function refused(message: string, hint: string | undefined): ForgeError {
  return new ForgeError('usage', `The output "forge" is no piece of forge.yaml. ${message}`, {
    code: 'TERRAFORM_OUTPUT',
    hint,
  });
}
