import { ForgeError } from '../errors.ts';

/** What a listener or a parser threw, as a failure of the session. */
export function toFailure(error: unknown): ForgeError {
  if (error instanceof ForgeError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new ForgeError('failed', `The session failed here: ${why}`, {
    code: 'SESSION_FAILED',
    cause: error,
  });
}

export function channelClosed(): ForgeError {
  return new ForgeError('failed', 'The session has ended.', { code: 'SESSION_CLOSED' });
}

export function endedEarly(output: string): ForgeError {
  const why = output === '' ? '.' : `: ${output.slice(0, 1_000)}`;
  return new ForgeError('failed', `The session ended before it began${why}`, {
    code: 'SESSION_REFUSED',
    hint: 'The agent or the service ended it: see the Session Manager preferences and the agent on the instance.',
  });
}

export function handshakeFailed(why: string): ForgeError {
  return new ForgeError('failed', `The agent's handshake failed: ${why}.`, { code: 'HANDSHAKE_FAILED' });
}

export function agentSilent(): ForgeError {
  return new ForgeError('unreachable', 'The agent on the instance does not answer any more.', {
    code: 'AGENT_SILENT',
    hint: 'Start a new session; see the SSM agent on the instance if it happens again.',
  });
}
