import { rememberedAnswers } from '../files/remembered-answers.ts';
import type { ClusterLocation } from './locate-cluster.ts';

/** A cluster's address and authority stay while it lives; TLS checks what they lead to all the same. */
export const clusterMemory = rememberedAnswers<ClusterLocation>(
  'clusters.json',
  ({ arn, server, certificateAuthority, publicAccess }) =>
    typeof arn === 'string' &&
    typeof server === 'string' &&
    typeof certificateAuthority === 'string' &&
    typeof publicAccess === 'boolean',
);
