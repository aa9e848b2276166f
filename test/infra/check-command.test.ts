import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { renderChecks } from '../../src/commands/infra/render-checks.ts';
import { ForgeError } from '../../src/errors.ts';
import { collectDeployment } from '../../src/infra/collect-deployment.ts';
import type { CheckResult } from '../../src/infra/judge-deployment.ts';
import { parsePlanDocument } from '../../src/infra/plan-document.ts';
import { styleFor } from '../../src/terminal/style.ts';
import { builtForge } from '../support/built-forge.ts';
import { forgeIn, hostWith } from '../support/config-host.ts';

const sample = join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml');
const empty = { format_version: '1.2', planned_values: { root_module: {} }, complete: true, errored: false };
let script = '';
beforeAll(async () => {
  script = await builtForge();
});

const check = (plan: string | Uint8Array, ...args: string[]) => {
  const host = hostWith({ 'plan.json': plan }, { program: { node: process.execPath, script } });
  return forgeIn(host, 'infra', 'check', 'plan.json', '--config', sample, ...args);
};
const resource = (type: string, name: string, values: object, module?: string) => ({
  address: `${module === undefined ? '' : `${module}.`}${type}.${name}`,
  mode: 'managed',
  type,
  name,
  values,
});
const planOf = (...resources: object[]) =>
  JSON.stringify({ ...empty, planned_values: { root_module: { resources } } });

describe('forge infra check', () => {
  it.each([
    ['no JSON', 'hello', 'plan.json is not JSON'],
    // A real one is no UTF-8.
    [
      'terraform’s own plan file',
      Buffer.from('PK\u0003\u0004\u0014\u00ff', 'latin1'),
      "terraform's own plan file",
    ],
    [
      'UTF-16',
      Buffer.from('\ufeff{}', 'utf16le'),
      'terraform show -json plan | Out-File -Encoding utf8 plan.json',
    ],
    ['JSON of something else', '{"a":1}', 'not what terraform show -json prints'],
    ['no object', '[]', 'not what terraform show -json prints'],
    ['a format to come', JSON.stringify({ ...empty, format_version: '2.0' }), 'format version 2.0'],
    ['a plan that failed', JSON.stringify({ ...empty, errored: true }), 'failed'],
    ['a plan that is not complete', JSON.stringify({ ...empty, complete: false }), 'not complete'],
    ['neither plan nor state', '{"format_version":"1.0"}', 'neither a plan nor a state'],
    [
      'resources that are none',
      JSON.stringify({ ...empty, planned_values: { root_module: { resources: [1] } } }),
      'planned_values.root_module.resources.0',
    ],
  ])('%s: exit code 2, and what to type', async (_what, text, said) => {
    const { code, out, err } = await check(text);
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: expect.stringContaining(said) });
    expect(err.trim().split('\n').length).toBeGreaterThan(1);
  });

  it('a file that is not there', async () => {
    const host = hostWith({}, { program: { node: process.execPath, script } });
    expect(await forgeIn(host, 'infra', 'check', 'none.json')).toMatchObject({
      code: 2,
      err: expect.stringContaining('none.json'),
    });
  });

  it('lines fit the terminal, but for names that would be cut; a pipe and JSON have them whole', () => {
    const long = `arn:aws:iam::333333333333:role/${'x'.repeat(80)}`;
    const result: CheckResult = {
      ...{ id: 'emergency.others', group: 'emergency', verdict: 'fail', asked: 3, wrong: 1 },
      title: 'nobody opens one with an everyday permission set, whatever that set says of itself',
      why: 'Emergencies are for whoever is on call.',
      fix: 'Take emergency-trust.json and emergency-guard.json as forge infra export writes them.',
      ...{ who: 'somebody', action: 'sts:AssumeRole', resource: long, expected: 'denied', found: 'allowed' },
      context: { 'aws:RequestedRegion': 'us-east-1', 'aws:RequestTag/forge:reason': 'Site down for a while' },
    };
    const plain = styleFor(hostWith().stdout, { NO_COLOR: '1' });
    const on = (columns?: number) => renderChecks([result], false, { ...plain, width: columns }).split('\n');
    for (const columns of [40, 60, 80, 200]) {
      const lines = on(columns);
      expect(lines.filter((line) => line.length > columns && line.trim().includes(' '))).toEqual([]);
      expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toBe(on().join(' ').replaceAll(/\s+/g, ' '));
    }
    expect(on(60).length).toBeGreaterThan(on().length);
    expect(on()).toHaveLength(7);
  });

  it('a plan with nothing in it fails: what must be there is missing', async () => {
    const { code, out, err } = await check(`\uFEFF${JSON.stringify(empty)}`, '--output', 'json');
    expect(err).toContain('plan.json has no output forge');
    const data = JSON.parse(out);
    expect(code).toBe(1);
    const of = (id: string) => data.checks.find((entry: { readonly id: string }) => entry.id === id)?.verdict;
    expect([of('ask.there'), of('approve.there'), of('records.lock'), of('functions.there')]).toEqual(
      Array(4).fill('fail'),
    );
    // Who isn't there was asked nothing, which is no pass.
    expect(of('approve.oneself')).toBe('unknown');
    expect(data.passed + data.failed + data.unknown).toBe(data.checks.length);
    expect((await check(JSON.stringify(empty))).out).not.toContain('- on -');
  });

  it('what somebody named with control characters can’t move the cursor', async () => {
    const evil = 'x\u001b[2J\u202eevil';
    const { out, err } = await check(
      planOf(
        resource('aws_iam_role', 'evil', {
          name: evil,
          assume_role_policy: '{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}',
        }),
      ),
      '--all',
    );
    expect(out).toContain('everybody (*)');
    expect(out + err).not.toMatch(/\u001b\[2J|\u202e/);
  });

  it('what is no policy is not judged, and said', async () => {
    const { code, err } = await check(
      planOf(
        resource('aws_iam_role', 'odd', {
          name: 'odd',
          assume_role_policy: '{"Statement":[{"Effect":"Maybe"}]}',
        }),
      ),
    );
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('aws_iam_role.odd: Syntax errors in policy.'),
    });
  });

  it('a plan of another organisation is not held against this forge.yaml', async () => {
    const forge = {
      break_glass: { account: '123456789012', region: 'us-east-1', identity_store: 'd-9067f7c0de' },
    };
    const plan = { ...empty, planned_values: { root_module: {}, outputs: { forge: { value: forge } } } };
    expect(await check(JSON.stringify(plan))).toMatchObject({
      code: 2,
      err: expect.stringContaining('123456789012'),
    });
  });

  it('reads 40 MB within some seconds', async () => {
    const many = Array.from({ length: 40_000 }, (_, index) =>
      resource('aws_other_thing', `r${index}`, { text: 'x'.repeat(900) }),
    );
    const text = planOf(...many);
    expect(text.length).toBeGreaterThan(4e7);
    expect(parsePlanDocument(text, 'big').resources).toHaveLength(40_000);
  });

  it('whatever it is given, it is read, or refused with a sentence', () => {
    const values = fc.dictionary(
      fc.constantFrom('name', 'policy', 'role', 'bucket', 'inline_policy', 'rule', 'environment', 'path'),
      fc.jsonValue(),
    );
    const any = fc.record({
      format_version: fc.constantFrom('1.0', '1.2'),
      planned_values: fc.record({
        root_module: fc.record({
          resources: fc.array(
            fc.record({
              address: fc.string(),
              mode: fc.constantFrom('managed', 'data'),
              type: fc.constantFrom(
                'aws_iam_role',
                'aws_iam_role_policy',
                'aws_s3_bucket',
                'aws_s3_bucket_policy',
                'aws_lambda_function',
                'aws_ssoadmin_permission_set',
                'aws_ssoadmin_account_assignment',
                'aws_cloudwatch_event_rule',
                'aws_s3_object',
                'aws_sqs_queue',
              ),
              name: fc.string(),
              values,
            }),
          ),
        }),
        outputs: fc.dictionary(fc.constantFrom('review', 'forge'), fc.record({ value: fc.jsonValue() })),
      }),
    });
    fc.assert(
      fc.property(fc.oneof(any, fc.jsonValue()), (value) => {
        try {
          collectDeployment(parsePlanDocument(JSON.stringify(value), 'any'));
        } catch (error) {
          expect(error).toBeInstanceOf(ForgeError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
