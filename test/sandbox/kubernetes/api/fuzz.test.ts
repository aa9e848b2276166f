import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAllowed } from '../../../../src/sandbox/kubernetes/api/authorize.ts';
import { humanDuration } from '../../../../src/sandbox/kubernetes/api/human-duration.ts';
import { decodeProtobuf } from '../../../../src/sandbox/kubernetes/api/protobuf.ts';
import { readRequestInfo } from '../../../../src/sandbox/kubernetes/api/request-info.ts';
import { findResource } from '../../../../src/sandbox/kubernetes/api/resource.ts';
import { parseFieldSelector, parseLabelSelector } from '../../../../src/sandbox/kubernetes/api/selectors.ts';
import { ApiFailure } from '../../../../src/sandbox/kubernetes/api/status.ts';
import { type ApiStage, startApiStage, userNamed } from './stage.ts';

/** The result, or the refusal; everything else that is thrown is a defect. */
function refusalOr<T>(act: () => T): T | ApiFailure {
  try {
    return act();
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    throw error;
  }
}

const pods = findResource('', 'v1', 'pods');
if (pods === undefined) throw new Error('no pods');

describe('any input', () => {
  it('is some request', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'api',
        'apis',
        'v1',
        'apps',
        'namespaces',
        'pods',
        'secrets',
        'log',
        'exec',
        '',
        '%',
        '%2F',
        '..',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.string(), fc.array(part), fc.string(), (method, parts, query) => {
        const info = readRequestInfo(method, `/${parts.join('/')}`, new URLSearchParams(query));
        const user = userNamed('viewer');
        expect(typeof isAllowed(user, info)).toBe('boolean');
        if (info.type === 'resource' && info.group === '' && info.resource === 'secrets') {
          expect(isAllowed(user, info)).toBe(false);
        }
      }),
    );
  });

  it('is protobuf or none, in little time', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const prefixed = bytes.map((tail) => Buffer.concat([Buffer.from('k8s\0'), tail]));
    fc.assert(
      fc.property(
        fc.oneof(bytes, prefixed),
        (input) => void refusalOr(() => decodeProtobuf(Buffer.from(input))),
      ),
    );
    const field = (number: number, value: Buffer) =>
      Buffer.concat([Buffer.of(number * 8 + 2, value.length), value]);
    const text = (number: number, value: string) => field(number, Buffer.from(value));
    const configMap = (inner: Buffer) =>
      Buffer.concat([
        Buffer.from('k8s\0'),
        field(1, Buffer.concat([text(1, 'v1'), text(2, 'ConfigMap')])),
        field(2, inner),
      ]);
    const short = fc.string({ maxLength: 6 });
    fc.assert(
      fc.property(short, short, (name, value) => {
        const data = field(2, Buffer.concat([text(1, '__proto__'), text(2, value)]));
        const decoded = decodeProtobuf(configMap(Buffer.concat([field(1, text(1, name)), data])));
        expect(JSON.stringify(decoded)).toBe(
          `{"apiVersion":"v1","kind":"ConfigMap","metadata":${name === '' ? '{}' : JSON.stringify({ name })},"data":{"__proto__":${JSON.stringify(value)}}}`,
        );
      }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        (inner) => void refusalOr(() => decodeProtobuf(configMap(Buffer.from(inner)))),
      ),
    );
  });

  it('is a selector or none', () => {
    const term = fc.oneof(fc.string(), fc.stringMatching(/^[a-z!=(), \\]{0,20}$/));
    fc.assert(
      fc.property(term, (input) => {
        const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: { a: 'b', c: 7 } } };
        for (const parse of [parseLabelSelector, (text: string) => parseFieldSelector(text, pods)]) {
          const selector = refusalOr(() => parse(input));
          if (!(selector instanceof ApiFailure)) expect(typeof selector(pod)).toBe('boolean');
        }
      }),
    );
  });
});

describe('selectors', () => {
  const object = (labels: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'n', labels },
  });

  it.each([
    ['', {}, true],
    ['app=web', { app: 'web' }, true],
    ['app==web', { app: 'api' }, false],
    ['app!=web', {}, true],
    ['app in (web, api)', { app: 'api' }, true],
    ['app notin (web,api)', { app: 'api' }, false],
    ['app notin (web)', {}, true],
    ['app', { app: '' }, true],
    ['!app', { app: '' }, false],
    ['example.com/tier=one,!app', { 'example.com/tier': 'one' }, true],
    ['app=', { app: '' }, true],
  ])('%s of %j: %s', (text, labels, expected) => {
    expect(parseLabelSelector(text)(object(labels))).toBe(expected);
  });

  it('of a name and a value find exactly what has them', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(word, word, word, (key, value, other) => {
        expect(parseLabelSelector(`${key}=${value}`)(object({ [key]: other }))).toBe(value === other);
        expect(parseLabelSelector(`${key}!=${value}`)(object({ [key]: other }))).toBe(value !== other);
        expect(parseLabelSelector(`${key} in (${value})`)(object({ [key]: other }))).toBe(value === other);
      }),
    );
  });
});

it.each([
  [-5_000, '<invalid>'],
  [0, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [243_000, '4m3s'],
  [900_000, '15m'],
  [25_500_000, '7h5m'],
  [90_000_000, '25h'],
  [180_000_000, '2d2h'],
  [1_036_800_000, '12d'],
  [66_528_000_000, '2y40d'],
  [400_000_000_000, '12y'],
])('%d ms are %s', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});

describe('the server', () => {
  let stage: ApiStage;
  beforeAll(async () => {
    stage = await startApiStage();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it('answers whatever is asked with a Status or less than an error of its own', async () => {
    const client = stage.client('admin');
    const path = fc.oneof(
      fc.constantFrom('/api/v1/pods', '/api/v1/namespaces/default/configmaps', '/apis/apps/v1/deployments'),
      fc
        .array(fc.constantFrom('api', 'v1', 'namespaces', 'default', 'pods', 'log', 'x', '%00'), {
          maxLength: 6,
        })
        .map((parts) => `/${parts.join('/')}`),
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE');
    const type = fc.constantFrom(
      'application/json',
      'application/vnd.kubernetes.protobuf',
      'application/merge-patch+json',
      'x/y',
    );
    const query = fc.array(
      fc.tuple(
        fc.constantFrom(
          'limit',
          'continue',
          'labelSelector',
          'fieldSelector',
          'resourceVersion',
          'tailLines',
          'dryRun',
          'container',
        ),
        fc.string({ maxLength: 8 }),
      ),
      { maxLength: 3 },
    );
    const body = fc.oneof(
      fc.json(),
      fc
        .record({
          apiVersion: fc.constantFrom('v1', 'apps/v1', ''),
          kind: fc.constantFrom('Pod', 'ConfigMap'),
          metadata: fc.anything(),
          spec: fc.json(),
        })
        .map((object) => safeText(object)),
    );
    await fc.assert(
      fc.asyncProperty(path, method, type, query, body, async (to, verb, contentType, parameters, text) => {
        const answer = await client.request(`${to}?${new URLSearchParams(parameters)}`, {
          method: verb,
          headers: { 'content-type': contentType },
          ...(verb === 'GET' ? {} : { body: text }),
        });
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
    expect((await client.request('/healthz')).text).toBe('ok');
  });

  it('shows what clients stored under odd shapes', async () => {
    const client = stage.client('admin');
    const send = (path: string, object: object) =>
      client.request(path, { method: 'POST', body: JSON.stringify(object) });
    const odd = { status: 5, spec: { containers: [{ name: 'a', image: 'b', ports: 3 }], nodeName: {} } };
    const metadata = { name: 'odd', labels: [], ownerReferences: 'no', annotations: 7 };
    expect(
      (await send('/api/v1/namespaces/default/pods', { apiVersion: 'v1', kind: 'Pod', metadata, ...odd }))
        .status,
    ).toBe(201);
    expect(
      (
        await send('/api/v1/namespaces/default/services', {
          apiVersion: 'v1',
          kind: 'Service',
          metadata,
          spec: [],
        })
      ).status,
    ).toBe(201);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    for (const resource of ['pods', 'services']) {
      const { status } = await client.request(`/api/v1/${resource}`, { headers: { accept } });
      expect(status).toBe(200);
      expect(
        (await client.request(`/api/v1/namespaces/default/${resource}/odd`, { method: 'DELETE' })).status,
      ).toBe(200);
    }
  });
});

function safeText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}
