import type { Host } from '../../host.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import { refusingPrompt } from '../../terminal/refusing-prompt.ts';
import type { SessionParts } from './grant-session.ts';

/** For what must be done whatever the person presses: its calls end by themselves, and it asks nobody. */
export function boundedParts({ host, output }: SessionParts, milliseconds: number): SessionParts {
  // A host has getters: they must stay where they are.
  const bounded = Object.create(host, { signal: { value: AbortSignal.timeout(milliseconds) } }) as Host;
  return { ...identityParts({ host: bounded, output, prompt: refusingPrompt }), output };
}
