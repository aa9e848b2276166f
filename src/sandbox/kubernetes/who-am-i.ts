import { noSuchPage, statusOf } from './api/status.ts';
import type { KubernetesHandler } from './front.ts';

/** A cluster that answers one question: who asks. */
export function createWhoAmI(): KubernetesHandler {
  return {
    handle(request, response, { username, uid, groups, extra }) {
      request.resume();
      const found =
        request.method === 'POST' &&
        request.url?.split('?')[0] === '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      response.writeHead(found ? 201 : 404, { 'content-type': 'application/json' });
      if (!found) return void response.end(JSON.stringify(statusOf(noSuchPage())));
      response.end(
        JSON.stringify({
          kind: 'SelfSubjectReview',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: {},
          status: { userInfo: { username, uid, groups: [...groups, 'system:authenticated'], extra } },
        }),
      );
    },
    upgrade(_request, socket) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    },
    async [Symbol.asyncDispose]() {},
  };
}
