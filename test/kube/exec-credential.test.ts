import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { encodeExecCredential, parseExecInfo } from '../../src/kube/exec-credential.ts';
import { Secret } from '../../src/lib/secret.ts';

const group = 'client.authentication.k8s.io';
const info = (fields: object) => JSON.stringify({ kind: 'ExecCredential', ...fields });

it.each(['v1', 'v1beta1'])('answers in the version that is asked for: %s', (version) => {
  const asked = info({ apiVersion: `${group}/${version}`, spec: { interactive: true } });
  expect(parseExecInfo(asked)).toBe(`${group}/${version}`);
});

it.each([undefined, ''])('answers in v1beta1 where nothing is asked: %j', (variable) =>
  expect(parseExecInfo(variable)).toBe(`${group}/v1beta1`),
);

it.each([
  info({ apiVersion: `${group}/v1alpha1` }),
  info({ apiVersion: 'v1' }),
  info({}),
  info({ apiVersion: `x\u001b[2J\n${'y'.repeat(500)}` }),
  '{',
  'null',
  '[]',
  '"v1"',
])('refuses %j in one line', (variable) => {
  const refused = () => parseExecInfo(variable);
  expect(refused).toThrow(expect.objectContaining({ code: 'EXEC_API_UNKNOWN', kind: 'usage' }));
  expect(refused).toThrow(/^KUBERNETES_EXEC_INFO asks for [^\n]{1,200}$/);
});

it('takes any text without another failure than its own', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.object().map((value) => info(value)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        expect([`${group}/v1`, `${group}/v1beta1`]).toContain(parseExecInfo(text));
      } catch (error) {
        expect(error).toBeInstanceOf(ForgeError);
      }
    }),
  );
});

it('is one line, whole seconds, as the AWS CLI has it', () => {
  const at = Date.parse('2026-11-20T12:14:00.900Z');
  expect(encodeExecCredential(`${group}/v1`, new Secret('k8s-aws-v1.abc'), at)).toBe(
    `{"kind":"ExecCredential","apiVersion":"${group}/v1","spec":{},"status":{"expirationTimestamp":"2026-11-20T12:14:00Z","token":"k8s-aws-v1.abc"}}`,
  );
});
