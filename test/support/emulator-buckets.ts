import type { Answer, MissingCalls } from './emulator-shim.ts';

/**
 * What of a bucket moto 5.2 has but carries out wrongly: of a policy it ignores the conditions, so that a conditional Deny
 * denies everything, and that a bucket tells EventBridge it forgets. Here both are kept as they were put.
 */
export function missingOfBuckets(): MissingCalls {
  const documents = new Map<string, string>();
  return {
    answer({ service, operation, segments, body }) {
      const [, method, kind] = /^(PUT|GET|DELETE) (policy|notification)$/.exec(operation) ?? [];
      if (service !== 's3' || kind === undefined) return undefined;
      const key = `${segments[0]} ${kind}`;
      if (method === 'PUT') documents.set(key, body);
      if (method === 'DELETE') documents.delete(key);
      if (method !== 'GET') return xml(method === 'PUT' ? 200 : 204, '');
      const found = documents.get(key);
      if (found !== undefined) return xml(200, found);
      return kind === 'policy'
        ? xml(404, '<Error><Code>NoSuchBucketPolicy</Code><Message>There is none.</Message></Error>')
        : xml(200, '<NotificationConfiguration/>');
    },
  };
}

const xml = (status: number, body: string): Answer => ({ status, type: 'application/xml', body });
