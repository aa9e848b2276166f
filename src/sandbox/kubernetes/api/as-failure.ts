import { ApiFailure } from './status.ts';

/** A failure of the stand-in itself is told as the API server tells its own, so that it is seen and nothing falls. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFailure(500, 'InternalError', `Internal error occurred: ${message}`);
}
