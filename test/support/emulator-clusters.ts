import { type Answer, json, type MissingCalls, notFound } from './emulator-shim.ts';

/**
 * What moto 5.2 lacks of EKS: access entries, the policies that are given to them, and that a cluster knows of entries at
 * all. Clusters of one name in two accounts are one here.
 */
export function missingOfClusters(): MissingCalls {
  const entries = new Map<string, Entry>();
  const now = () => Date.now() / 1000;

  const onEntry = (method: string, cluster: string, principal: string, body: string): Answer => {
    const key = `${cluster} ${principal}`;
    const entry = entries.get(key);
    if (!entry) return notFound(`The access entry ${principal} was not found.`, 404);
    if (method === 'DELETE') {
      entries.delete(key);
      return json({});
    }
    if (method === 'POST') Object.assign(entry.fields, JSON.parse(body), { modifiedAt: now() });
    return json({ accessEntry: entry.fields });
  };

  const onPolicies = (method: string, entry: Entry, policyArn: string | undefined, body: string): Answer => {
    const { clusterName, principalArn } = entry.fields;
    if (method === 'POST') {
      const put = JSON.parse(body) as { policyArn: string };
      entry.policies.set(put.policyArn, { ...put, associatedAt: now(), modifiedAt: now() });
      return json({ clusterName, principalArn, associatedAccessPolicy: entry.policies.get(put.policyArn) });
    }
    if (method === 'DELETE') {
      return entry.policies.delete(`${policyArn}`) ? json({}) : notFound('It has no such policy.', 404);
    }
    return json({ clusterName, principalArn, associatedAccessPolicies: [...entry.policies.values()] });
  };

  return {
    answer({ service, operation, segments, body }) {
      const [clusters, clusterName = '', kind, principalArn, policies, policyArn] = segments;
      const method = operation.split(' ')[0] ?? '';
      if (service !== 'eks' || clusters !== 'clusters' || kind !== 'access-entries') return undefined;
      if (principalArn === undefined) {
        const put = JSON.parse(body) as { principalArn: string };
        const fields = {
          ...{ kubernetesGroups: [], tags: {}, type: 'STANDARD', username: put.principalArn },
          ...{ ...put, clusterName, createdAt: now(), modifiedAt: now() },
          accessEntryArn: put.principalArn.replace(':iam:', ':eks:'),
        };
        entries.set(`${clusterName} ${put.principalArn}`, { fields, policies: new Map() });
        return json({ accessEntry: fields });
      }
      if (policies === undefined) return onEntry(method, clusterName, principalArn, body);
      const entry = entries.get(`${clusterName} ${principalArn}`);
      return entry ? onPolicies(method, entry, policyArn, body) : notFound('There is no such entry.', 404);
    },
    amend({ service, segments }, answer) {
      if (service !== 'eks' || segments.length !== 2 || answer.status !== 200) return undefined;
      const { cluster } = JSON.parse(answer.body) as { cluster?: object };
      const accessConfig = { authenticationMode: 'API_AND_CONFIG_MAP' };
      return cluster && json({ cluster: { ...cluster, accessConfig } });
    },
  };
}

interface Entry {
  readonly fields: { readonly clusterName: string; readonly principalArn: string };
  readonly policies: Map<string, object>;
}
