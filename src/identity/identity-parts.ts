import type { Aws } from '../aws/clients.ts';
import type { Host } from '../host.ts';
import type { Output } from '../terminal/output.ts';
import type { Prompt } from '../terminal/prompt.ts';

/** What finding out who somebody is, and getting keys for them, needs. */
export interface IdentityParts {
  readonly host: Host;
  readonly output: Pick<Output, 'note' | 'warn' | 'instruct' | 'debug' | 'progress'>;
  readonly prompt: Prompt;
  /** Loads the SDK at the first call: with keys in the environment a token is signed without it. */
  aws(): Promise<Aws>;
}

export function identityParts(context: Omit<IdentityParts, 'aws'>): IdentityParts {
  const { host, output, prompt } = context;
  let aws: Promise<Aws> | undefined;
  return {
    host,
    output,
    prompt,
    aws() {
      aws ??= import('../aws/clients.ts').then(({ createAws }) =>
        createAws(host, { debug: (text) => output.debug(text) }),
      );
      return aws;
    },
  };
}
