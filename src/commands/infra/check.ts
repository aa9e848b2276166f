import { defineCommand } from '../../command.ts';
import { buildConfig } from '../../config/build-config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { allChecks } from '../../infra/all-checks.ts';
import { collectDeployment } from '../../infra/collect-deployment.ts';
import { loadFunctionsArchive } from '../../infra/functions-archive.ts';
import { type Intent, readIntent } from '../../infra/intent.ts';
import { judgeDeployment } from '../../infra/judge-deployment.ts';
import { judgeForgeOutput } from '../../infra/judge-forge-output.ts';
import { type PlanDocument, parsePlanDocument } from '../../infra/plan-document.ts';
import { readTerraformJson } from '../../infra/read-terraform-json.ts';
import { checkSummary, renderChecks } from './render-checks.ts';

export default defineCommand<{ readonly all?: boolean }>({
  description:
    "Judges break-glass as Terraform will deploy it: may somebody approve themselves, change a record, open an emergency in a colleague's name? Every policy of the plan is asked as AWS would ask it. AWS itself is not asked.",
  arguments: [
    {
      name: '<plan.json>',
      description: 'what terraform show -json printed of a plan or of a state; - is stdin',
    },
  ],
  options: [{ flags: '--all', description: 'every check, not only what is wrong' }],
  examples: [
    [
      'terraform plan -out plan && terraform show -json plan > plan.json',
      'in the folder of forge infra export',
    ],
    ['forge infra check plan.json', 'what is wrong, and what to change; in a pipeline, before apply'],
    ['forge infra check plan.json --all', 'every check with who, what and what was found'],
    ['terraform show -json | forge infra check - --output json', 'what is deployed, for a script'],
  ],
  plannable: false,
  details: `Exit code 0: every check passes. 1: one fails. 2: none fails, and something is not known yet (or it could not be read).
A first plan knows no ids of groups: policies that name them are taken from the output review, and that is said. What AWS tells
only later is "unknown": check terraform show -json of the state after apply. What should be is read from forge.yaml; where that
has no break_glass, from the plan's own output forge, which is said too. Service control policies are not counted on: they only
take away. What only a real account can show is in docs/verify-on-aws.md.`,
  async run(context, { args: [source = '-'], options }) {
    const { host, output } = context;
    const named = source === '-' ? 'stdin' : source;
    const howTo = ['terraform show -json plan > plan.json', 'forge infra check plan.json'];
    const json = await notJudged(readTerraformJson(host, source, howTo));
    const document = parsePlanDocument(json, named);
    const intent = await findIntent(context, document, named);
    const { sha256 } = await notJudged(loadFunctionsArchive(host));
    const deployment = collectDeployment(document);
    const results = judgeDeployment(allChecks, {
      deployment,
      intent,
      archiveHash: Buffer.from(sha256, 'hex').toString('base64'),
    });
    const count = (verdict: string) => results.filter((result) => result.verdict === verdict).length;
    const code = count('fail') > 0 ? 1 : count('unknown') > 0 || deployment.notKnown.length > 0 ? 2 : 0;
    output.result({
      data: {
        ok: code === 0,
        kind: deployment.kind,
        passed: count('pass'),
        failed: count('fail'),
        unknown: count('unknown'),
        fromReview: [...deployment.fromReview],
        notKnown: deployment.notKnown,
        checks: results.map(({ fix, context: asked, ...result }) => ({
          ...result,
          context: asked ?? {},
          hint: fix,
        })),
      },
      text: (style) => renderChecks(results, options.all === true, style),
    });
    for (const gap of deployment.notKnown) output.warn(`not known: ${gap}`);
    for (const [account, ids] of deployment.databases) {
      // Somebody asked for it, so it is no failure; and nobody should find it out later.
      if (ids.includes('*'))
        output.note(`Database roles of ${account} lead to all databases there, also to those to come.`);
    }
    if (deployment.fromReview.size > 0) {
      output.note(
        `From the output review, with ids that stand in for groups that are not made yet: ${deployment.fromReview.size} documents (--output json names them).`,
      );
    }
    // Last, because what it explains are hundreds of lines above it. Taking all away is such a plan too: its checks stay.
    if (document.outputs.get('forge') === undefined) {
      output.warn(
        `${named} has no output forge: it is of something else than forge infra export writes, or takes that away.`,
      );
    }
    output.note(checkSummary(results, deployment.kind));
    return code;
  },
});

/** 1 means that a check failed: what could not even be read has the code for what is not known. */
async function notJudged<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof ForgeError) || error.kind !== 'failed') throw error;
    const { code, hint, cause } = error;
    throw new ForgeError('usage', error.message, { code, hint, cause });
  }
}

/** forge.yaml says what should be. Without it the plan is held against what it says itself, which is less. */
async function findIntent(context: Context, { outputs }: PlanDocument, named: string): Promise<Intent> {
  const { output } = context;
  const config = await context.config();
  const own = outputs.get('forge');
  const fromPlan =
    own === undefined || own === null ? undefined : readIntent(buildConfig(judgeForgeOutput(own), []));
  const intent = readIntent(config);
  if (intent === undefined) {
    if (fromPlan === undefined) {
      throw new ForgeError('usage', `Neither forge.yaml nor ${named} says what break-glass should be.`, {
        code: 'NO_BREAK_GLASS',
        hint: 'forge infra check plan.json --config forge.yaml',
      });
    }
    output.warn('no forge.yaml with break_glass: the plan is held against its own output forge only.');
    return fromPlan;
  }
  if (fromPlan !== undefined && fromPlan.accessAccount !== intent.accessAccount) {
    throw new ForgeError(
      'usage',
      `${named} is of the access account ${fromPlan.accessAccount}, and forge.yaml says ${intent.accessAccount}.`,
      {
        code: 'OTHER_ORGANISATION',
        hint: 'forge infra check plan.json --config <the forge.yaml that was exported>',
      },
    );
  }
  return intent;
}
