import { isForbiddenHost } from './network.ts';
import { startBasicPort } from './port-basic.ts';
import { startMuxPort } from './port-mux.ts';
import type { Worker, WorkerContext } from './worker.ts';

/** Where a port session leads, and over which protocol: what the agent decides from its own version. */
export async function startPort(context: WorkerContext): Promise<Worker> {
  const { plan, instance } = context.session;
  const host = plan.properties.host ?? 'localhost';
  const port = Number(plan.properties.portNumber);
  if (isForbiddenHost(host)) {
    throw new Error(`Forwarding to IP address ${host} is forbidden.`);
  }
  const forwarding = plan.properties.type === 'LocalPortForwarding';
  const target = { host, port };
  return forwarding && isNewerThan(instance.agentVersion, [3, 0, 196, 0])
    ? startMuxPort(context, target)
    : startBasicPort(context, target, forwarding);
}

function isNewerThan(version: string, than: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, other] of than.entries()) {
    const own = parts[index] ?? 0;
    if (own !== other) return own > other;
  }
  return false;
}
