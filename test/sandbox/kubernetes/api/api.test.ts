import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiStage, startApiStage } from './stage.ts';

let stage: ApiStage;
beforeAll(async () => {
  stage = await startApiStage({ bulkPods: 700 });
});
afterAll(() => stage[Symbol.asyncDispose]());

const pods = '/api/v1/namespaces/bulk/pods';
interface List {
  readonly metadata: {
    readonly continue?: string;
    readonly remainingItemCount?: number;
    readonly resourceVersion: string;
  };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}
const get = async (path: string, user: 'viewer' | 'editor' | 'admin' = 'viewer') =>
  (await stage.client(user).request(path)).body;
const configMap = (name: string, data: Record<string, string> = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
const send = (method: string, path: string, body: string, type = 'application/json') =>
  stage.client('editor').request(path, { method, body, headers: { 'content-type': type } });

describe('lists', () => {
  it('come in pages, each object once', async () => {
    const names: string[] = [];
    let next = '';
    let pages = 0;
    do {
      const list = (await get(
        `${pods}?limit=64${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`,
      )) as List;
      names.push(...list.items.map((item) => item.metadata.name));
      expect(list.metadata.remainingItemCount ?? 0).toBe(700 - names.length);
      next = list.metadata.continue ?? '';
      pages++;
    } while (next !== '');
    expect(pages).toBe(11);
    expect(new Set(names).size).toBe(700);
  });

  it('are tables for those who ask', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const table = async (include: string) => {
      const path = `${pods}?limit=2&includeObject=${include}`;
      const { body } = await stage.client('viewer').request(path, { headers: { accept } });
      return body as { kind: string; rows: { cells: unknown[]; object?: { kind: string } }[] };
    };
    const { kind, rows } = await table('');
    expect(kind).toBe('Table');
    expect(rows.map((row) => row.object?.kind)).toEqual(['PartialObjectMetadata', 'PartialObjectMetadata']);
    expect(rows[0]?.cells.slice(1, 4)).toEqual(['1/1', 'Running', '0']);
    expect((await table('Object')).rows[0]?.object?.kind).toBe('Pod');
    expect((await table('None')).rows[0]?.object).toBeUndefined();
  });

  it.each([
    ['?limit=-1', 400],
    ['?continue=nonsense', 400],
    ['?labelSelector=a%20b', 400],
    ['?fieldSelector=spec.color%3Dred', 400],
    ['?labelSelector=app%20in%20(bulk)&limit=1', 200],
    ['?watch=1&resourceVersion=x', 400],
  ])('%s: %d', async (query, status) => {
    expect((await stage.client('viewer').request(`${pods}${query}`)).status).toBe(status);
  });
});

describe('watches', () => {
  it('tell what was missed, then what comes, and end in time', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const { metadata } = (await get(path)) as List;
    await send('POST', path, configMap('missed'));
    const watching = get(`${path}?watch=1&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`);
    await send('DELETE', `${path}/missed`, '');
    expect(await watching).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'missed' } } },
      { type: 'DELETED', object: { metadata: { name: 'missed' } } },
    ]);
  });

  it('follow what a selector sees: an object that loses its label is gone', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    await send('POST', path, configMap('moving'));
    const { metadata } = (await get(path)) as List;
    const label = (value: string) =>
      send(
        'PATCH',
        `${path}/moving`,
        `{"metadata":{"labels":{"a":${value}}}}`,
        'application/merge-patch+json',
      );
    await label('"1"');
    await label('null');
    const query = `watch=1&timeoutSeconds=1&labelSelector=a&resourceVersion=${metadata.resourceVersion}`;
    expect(await get(`${path}?${query}`)).toMatchObject([{ type: 'ADDED' }, { type: 'DELETED' }]);
    await send('DELETE', `${path}/moving`, '');
  });

  it('say so when what they want to go on from is forgotten', async () => {
    expect(await get(`${pods}?watch=1&resourceVersion=1`)).toMatchObject([
      { type: 'ERROR', object: { code: 410, reason: 'Expired' } },
    ]);
  });
});

describe('writes', () => {
  const path = '/api/v1/namespaces/default/configmaps';

  it('refuse an older state, a wrong kind, a wrong name, a wrong namespace', async () => {
    const made = (await send('POST', path, configMap('mine', { a: '1' }))).body as {
      readonly metadata: { readonly resourceVersion: string };
    };
    const patched = await send(
      'PATCH',
      `${path}/mine`,
      '{"data":{"a":null,"b":"2"}}',
      'application/merge-patch+json',
    );
    expect(patched).toMatchObject({ status: 200, body: { data: { b: '2' } } });
    const stale = await send('PUT', `${path}/mine`, JSON.stringify(made));
    expect(stale).toMatchObject({ status: 409, body: { reason: 'Conflict' } });
    expect((await send('PUT', `${path}/mine`, configMap('other'))).status).toBe(400);
    expect(
      (await send('POST', path, '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}')).status,
    ).toBe(400);
    expect((await send('POST', path, configMap('Not A Name'))).body).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
    expect((await send('POST', '/api/v1/namespaces/nowhere/configmaps', configMap('x'))).status).toBe(404);
    expect((await send('POST', path, configMap('mine'))).body).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
    });
    expect((await send('POST', path, '[]')).status).toBe(400);
    expect((await send('POST', path, 'a: b', 'application/yaml')).status).toBe(415);
    expect((await send('PATCH', `${path}/mine`, '[]', 'application/json-patch+json')).status).toBe(415);
    expect((await send('DELETE', `${path}/mine?dryRun=All`, '')).status).toBe(200);
    expect((await send('DELETE', `${path}/mine`, '')).body).toMatchObject({
      kind: 'Status',
      status: 'Success',
    });
    expect((await send('DELETE', `${path}/mine`, '')).body).toMatchObject({ code: 404 });
  });

  it('keep odd keys as keys', async () => {
    const odd =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"data":{"__proto__":"x","constructor":"y"}}';
    expect((await send('POST', path, odd)).status).toBe(201);
    const merged = await send(
      'PATCH',
      `${path}/odd`,
      '{"data":{"__proto__":{"polluted":"yes"}}}',
      'application/merge-patch+json',
    );
    expect(merged.text).toContain('"__proto__":{"polluted":"yes"}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await send('DELETE', `${path}/odd`, '');
  });

  it('are at most three megabytes', async () => {
    const refused = await send('POST', path, configMap('large', { a: 'x'.repeat(3_200_000) })).catch(
      () => undefined,
    );
    // Either the answer arrives or the connection is closed under what is still being sent.
    if (refused !== undefined)
      expect(refused).toMatchObject({ status: 413, body: { reason: 'RequestEntityTooLarge' } });
    expect((await stage.client('viewer').request(`${path}/large`)).status).toBe(404);
  });
});

describe('what is not there', () => {
  it.each([
    ['GET', '/apis/metrics.k8s.io/v1beta1', 404],
    ['GET', '/apis/batch/v1/jobs', 404],
    ['GET', '/', 404],
    ['POST', '/version', 405],
    ['GET', '/api/v1/namespaces/default/pods/x/attach', 404],
    ['GET', '/api/v1/namespaces/default/pods/x/exec', 400],
    ['TRACE', '/api/v1/pods', 405],
  ])('%s %s: %d', async (method, path, status) => {
    const answer = await stage.client('admin').request(path, { method });
    expect(answer).toMatchObject({ status, body: { kind: 'Status', code: status } });
    expect(answer.headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('an upgrade to something else is refused', async () => {
    const { port } = new URL(stage.url);
    const socket = connect({
      host: '127.0.0.1',
      port: Number(port),
      servername: 'localhost',
      ca: stage.authority,
    });
    socket.write(
      'GET /api/v1/namespaces/bulk/pods HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    );
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 400 BadRequest\r\n/);
  });
});
