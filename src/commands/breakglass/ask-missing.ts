import type { BreakGlassPlace } from '../../breakglass/break-glass-place.ts';
import { checkTicket } from '../../breakglass/request/check-ticket.ts';
import { type RequestWish, reasonOf, tierNamed } from '../../breakglass/request/plan-request.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { environmentNamed } from '../../targets/resolve-environment.ts';
import { askAgain } from './ask-again.ts';

interface Typed {
  readonly tier?: string;
  readonly scenario?: string;
  readonly duration?: string;
  readonly ticket?: string;
  readonly reason?: string;
}

/** What was not typed is asked for where somebody is there; else what is missing is named. */
export async function askMissing(
  context: Context,
  place: BreakGlassPlace,
  typed: Typed,
): Promise<RequestWish> {
  const { prompt } = context;
  const { breakGlass } = place;
  const tierName = typed.tier ?? (await askTier(context, place));
  const tier = tierNamed(place, tierName);
  const environment = await askEnvironment(context, place);
  const ask = prompt.possible && !context.globals.plan;
  const scenario =
    typed.scenario ??
    (ask && tier.scenarios.length > 0
      ? await prompt.select({
          message: 'What is it for?',
          flag: '--scenario',
          choices: tier.scenarios.map((name) => ({
            name: `${name}: ${breakGlass.scenarios.get(name)?.description ?? ''}`,
            value: name,
          })),
        })
      : undefined);
  const ticket =
    typed.ticket ??
    (ask && tier.ticket.when === 'before'
      ? await askAgain(context, { message: 'Ticket of the incident', flag: '--ticket' }, (text) =>
          checkTicket(text, tier),
        )
      : undefined);
  const reason =
    typed.reason ??
    (ask ? await askAgain(context, { message: 'Why is it needed?', flag: '--reason' }, reasonOf) : undefined);
  return { tier: tierName, scenario, environment, duration: typed.duration, ticket, reason };
}

async function askTier({ prompt, globals }: Context, { breakGlass }: BreakGlassPlace): Promise<string> {
  const tiers = [...breakGlass.tiers.values()];
  if (!prompt.possible || globals.plan) {
    throw new ForgeError('usage', 'Which tier?', {
      code: 'TIER_NEEDED',
      hint: `--tier ${tiers.map((tier) => `${tier.name} (${tier.when ?? tier.description ?? ''})`).join(', ')}`,
    });
  }
  return prompt.select({
    message: 'Which tier?',
    flag: '--tier',
    choices: tiers.map((tier) => ({
      name: `${tier.name}: ${tier.when ?? tier.description ?? ''}`,
      value: tier.name,
    })),
  });
}

/** The default environment is not meant: nobody asks for production by leaving something out. */
async function askEnvironment({ prompt, globals, host }: Context, { config }: BreakGlassPlace) {
  const named = globals.env ?? (host.env.FORGE_ENV || undefined);
  if (named !== undefined) return environmentNamed(config, named, 'There is no environment');
  const production = [...config.environments.values()].filter((one) => one.production);
  const [only, ...others] = production;
  if (only !== undefined && others.length === 0) return only;
  if (!prompt.possible || globals.plan) {
    throw new ForgeError('usage', 'Which environment?', {
      code: 'NO_ENVIRONMENT',
      hint: `--env ${production.map(({ name }) => name).join(' | ')}`,
    });
  }
  return prompt.select({
    message: 'Which environment?',
    flag: '--env',
    choices: production.map((one) => ({ name: one.name, value: one })),
  });
}
