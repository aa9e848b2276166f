import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeProgram } from '../../src/kube/describe-program.ts';

it.each([
  ['kubectl get pods', 'kubectl get pods'],
  ['kubectl -n shop get pods -o yaml', 'kubectl get pods'],
  ['kubectl --namespace=shop delete pod web-1 --now', 'kubectl delete pod web-1'],
  ['kubectl exec -it web-1 -c app -- psql postgres://u:secret@db/x', 'kubectl exec web-1'],
  ['kubectl create secret generic db --from-literal=pw=secret', 'kubectl create secret generic'],
  ['kubectl create secret generic --from-literal pw=secret', 'kubectl create secret generic'],
  ['kubectl set env deploy/web PASSWORD=secret', 'kubectl set env deploy/web'],
  ['kubectl annotate pod web note=secret', 'kubectl annotate pod web'],
  ['kubectl --token secret get pods', 'kubectl get pods'],
  ['kubectl patch deploy web -p {"secret":1}', 'kubectl patch deploy web'],
  ['kubectl apply -f secret.yaml', 'kubectl apply'],
  ['/usr/local/bin/kubectl version', 'kubectl version'],
  ['C:\\bin\\KUBECTL.EXE get nodes', 'KUBECTL get nodes'],
  ['helm upgrade web ./chart --set pw=secret', 'helm upgrade web'],
  ['helm list', 'helm list'],
  ['k9s --readonly', 'k9s'],
  ['sh -c secret', 'sh'],
  ['kubectl', 'kubectl'],
  ['kubectl -- get secret', 'kubectl'],
])('%s → %s', (line, words) => {
  const [program = '', ...args] = line.split(' ');
  expect(describeProgram(program, args)).toBe(words);
});

it('never holds the value of an option, whatever the words are', () => {
  const secret = 'S3cr3tV4lue';
  const before = fc.constantFrom('get', 'create', 'pods', '-n', '--', 'web-1', 'secret', '-it', 'x=y');
  const value = fc.constantFrom(
    [`--from-literal=pw=${secret}`],
    ['--from-literal', secret],
    [`PW=${secret}`],
  );
  fc.assert(
    fc.property(fc.array(before), value, fc.array(before), (start, hidden, end) => {
      expect(describeProgram('kubectl', [...start, ...hidden, ...end])).not.toContain(secret);
    }),
  );
});
