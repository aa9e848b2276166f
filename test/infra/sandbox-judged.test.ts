import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { allChecks } from '../../src/infra/all-checks.ts';
import { readIntent } from '../../src/infra/intent.ts';
import { judgeDeployment } from '../../src/infra/judge-deployment.ts';
import { hostWith } from '../support/config-host.ts';
import { sandboxDeployment } from '../support/sandbox-deployment.ts';

const sample = join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml');

/** Without Terraform: the same templates, rendered for the sandbox, before the same judge. */
describe('what the sandbox is made of, judged as a plan is', async () => {
  const intent = readIntent(await loadConfig(hostWith(), sample));
  if (intent === undefined) throw new Error('the sample has no break-glass');
  const hash = Buffer.alloc(32).toString('base64');
  const results = judgeDeployment(allChecks, {
    deployment: sandboxDeployment(hash),
    intent,
    archiveHash: hash,
  });

  it.each(results.map((result) => [result.id, result] as const))('%s', (_id, result) => {
    const { verdict, who, action, resource, context, expected, found } = result;
    expect({ verdict, who, action, resource, context, expected, found }).toMatchObject({ verdict: 'pass' });
  });

  it('is asked more than the issue wants, each question under a name of its own', () => {
    expect(results.length).toBeGreaterThanOrEqual(100);
    expect(new Set(allChecks.map(({ id }) => id)).size).toBe(allChecks.length);
    for (const { title, why, fix } of allChecks)
      expect(Math.min(title.length, why.length, fix.length)).toBeGreaterThan(8);
  });
});
