import { listAccounts } from '../aws/sso.ts';
import { clockFinding } from '../breakglass/doctor/doctor-machine.ts';
import { examineBreakGlass } from '../breakglass/doctor/examine-break-glass.ts';
import { doctorExitCode, type Finding, look } from '../breakglass/doctor/finding.ts';
import { defineCommand } from '../command.ts';
import { buildConfig } from '../config/build-config.ts';
import type { Config } from '../config/config.ts';
import { pathForPeople } from '../config/config-problem.ts';
import { inspectConfig } from '../config/inspect-config.ts';
import { chooseConfigFile } from '../config/load-config.ts';
import { readConfig } from '../config/read-config.ts';
import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import { findProgram } from '../files/find-program.ts';
import type { Host } from '../host.ts';
import { identityParts } from '../identity/identity-parts.ts';
import { getSsoToken } from '../identity/sso-token.ts';
import { durationText } from '../lib/duration-text.ts';
import { lookAtDocuments } from '../ssm/doctor-documents.ts';
import { breakGlassParts } from './breakglass/break-glass-parts.ts';
import { findingsData, renderFindings } from './render-findings.ts';

export default defineCommand({
  description:
    'Says whether forge can work here: forge.yaml, programs, sign-in, the portal, the clock, and the server side of break-glass as far as you may see it.',
  plannable: false,
  examples: [
    ['forge doctor', 'every line, and what to do; on a new machine, or when something is odd'],
    ['forge doctor --output json', 'the same for a script'],
  ],
  details: `It only reads: nothing is tried that must be denied, and nobody is told. That is "forge breakglass doctor", for before
you go on call and after each change of policies. Each line is ok, BAD, "can't see" (it could not be looked at now) or "-"
(not yours to see, or not used here). Exit code 0: nothing is bad; 1: something is; 2: nothing that could be seen is, but
not everything could be.`,
  async run(context) {
    const { host, output } = context;
    const findings: Finding[] = [];
    using progress = output.progress('looking');
    const { config, found } = await lookAtConfig(context);
    findings.push(...found, ...programs(host));
    if (config !== undefined)
      findings.push(...(await lookAtAws(context, config, (check) => progress.update(check))));
    progress[Symbol.dispose]();
    const code = doctorExitCode(findings);
    output.result({
      data: { ok: code === 0, findings: findingsData(findings) },
      text: (style) => renderFindings(findings, style),
    });
    return code;
  },
});

async function lookAtConfig({
  host,
  globals,
}: Context): Promise<{ readonly config: Config | undefined; readonly found: readonly Finding[] }> {
  const check = 'forge.yaml';
  let config: Config | undefined;
  try {
    const chosen = await chooseConfigFile(host, globals.config);
    if (chosen === undefined) {
      const hint = 'forge config init writes one; forge config path shows where forge looks.';
      return { config, found: [{ check, verdict: 'bad', detail: 'there is none here', hint }] };
    }
    const { data, tree, sources, problems } = await readConfig(host, chosen.path);
    const shown = pathForPeople(host, chosen.path);
    const [problem] = problems;
    if (data === undefined || tree === undefined) {
      const detail = `${shown}: ${problem?.message ?? 'it says nothing.'}`;
      return { config, found: [{ check, verdict: 'bad', detail, hint: 'All mistakes: forge config check' }] };
    }
    config = buildConfig(
      data,
      sources.map(({ path }) => path),
    );
    const seen = await inspectConfig(config, tree);
    const error = seen.find(({ severity }) => severity === 'error');
    if (error !== undefined) {
      const hint = 'All of it: forge config check';
      return { config, found: [{ check, verdict: 'bad', detail: `${shown}: ${error.message}`, hint }] };
    }
    const doubts =
      seen.length === 0
        ? ''
        : `, ${seen.length} ${seen.length === 1 ? 'warning' : 'warnings'}: forge config check`;
    const number = config.environments.size;
    const detail = `${shown}, ${number} ${number === 1 ? 'environment' : 'environments'}${doubts}`;
    return { config, found: [{ check, verdict: 'ok', detail }] };
  } catch (error) {
    if (!(error instanceof ForgeError) || error.kind !== 'usage') throw error;
    return { config, found: [{ check, verdict: 'bad', detail: error.message, hint: error.hint }] };
  }
}

/** Programs of others, and what forge needs them for. None is needed for all. */
const used: readonly (readonly [name: string, purpose: string])[] = [
  ['psql', 'forge db connect opens its own shell'],
  ['kubectl', 'forge kube needs it, or k9s and the like'],
  ['aws', 'forge needs no AWS CLI; your scripts may'],
  ['session-manager-plugin', 'only --transport plugin needs it'],
  ['bw', 'tier 3 asks for its key'],
];

function programs(host: Pick<Host, 'env' | 'platform'>): readonly Finding[] {
  return used.map(([name, purpose]) => {
    const path = findProgram(host, name);
    return path === undefined
      ? { check: name, verdict: 'other', detail: `not in PATH: ${purpose}` }
      : { check: name, verdict: 'ok', detail: path };
  });
}

async function lookAtAws(
  context: Context,
  config: Config,
  say: (text: string) => void,
): Promise<readonly Finding[]> {
  const { signIn } = config;
  if (signIn === undefined) {
    return [
      {
        check: 'sign-in',
        verdict: 'other',
        detail: 'forge.yaml has no sign_in: keys come from your environment',
      },
    ];
  }
  const { host } = context;
  const parts = identityParts(context);
  const findings: Finding[] = [];
  let signedIn = false;
  say('asking the portal');
  findings.push(
    ...(await look('sign-in', async () => {
      try {
        const token = await getSsoToken(parts, signIn);
        const accounts = await listAccounts(await parts.aws(), token.region, token.accessToken);
        signedIn = true;
        const left = durationText(token.expiresAt - host.now());
        const renewed = token.refreshable ? ', and is renewed by itself' : '';
        return { verdict: 'ok', detail: `lasts ${left}${renewed}; ${accounts.length} accounts` };
      } catch (error) {
        if (!(error instanceof ForgeError) || error.kind !== 'signed-out') throw error;
        return { verdict: 'bad', detail: error.message, hint: error.hint };
      }
    })),
  );
  if (!signedIn) return findings;
  say('looking at session documents');
  findings.push(...(await lookAtDocuments({ ...parts, config })));
  if (config.breakGlass === undefined) return [...findings, clockFinding((await parts.aws()).clockSkew())];
  const seen = await look('break-glass', async () => {
    const { parts: own, place } = await breakGlassParts(context);
    const examined = { parts: own, steady: own, place, all: false, tries: false };
    return (await examineBreakGlass(examined, ({ check }) => say(`looking at break-glass: ${check} is done`)))
      .findings;
  });
  return [...findings, ...seen];
}
