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
  /** --grant: production is used within that break-glass, and by nothing else. */
  readonly grant?: string | undefined;
}

type PartsContext = Omit<IdentityParts, 'aws'> & {
  /** --profile and --grant. */
  readonly globals?: { readonly profile: string | undefined; readonly grant?: string | undefined };
};

export function identityParts({ host, output, prompt, globals }: PartsContext): IdentityParts {
  let aws: Promise<Aws> | undefined;
  return {
    host,
    output,
    prompt,
    grant: globals?.grant,
    aws() {
      aws ??= connectAws(host, globals?.profile, (text) => output.debug(text));
      return aws;
    },
  };
}

async function connectAws(
  host: Host,
  profile: string | undefined,
  debug: (text: string) => void,
): Promise<Aws> {
  const [{ createAws }, { loadProfileEndpoints }] = await Promise.all([
    import('../aws/clients.ts'),
    import('../aws/profile-endpoints.ts'),
  ]);
  return createAws(host, { debug, profile: await loadProfileEndpoints(host, profile, debug) });
}
