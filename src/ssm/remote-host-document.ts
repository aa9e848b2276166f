import endpointTunnel from '../../infra/modules/session-manager/endpoint-tunnel.json' with { type: 'json' };
import type { Environment } from '../config/config.ts';

/** It leads to whatever the instance reaches, its own metadata service with the keys of its role included. */
const anywhere = 'AWS-StartPortForwardingSessionToRemoteHost';
/** Names that RDS and EKS give, as the document that Terraform makes takes them. */
const endpointName = new RegExp(endpointTunnel.parameters.host.allowedPattern);

type Place = Pick<Environment, 'name' | 'tunnelDocument'>;

/** What a session to a host behind an instance begins with: for an endpoint of AWS the environment's own document. */
export function remoteHostDocument(environment: Place | undefined, host: string): string {
  return endpointName.test(host) ? tunnelDocument(environment) : anywhere;
}

/** The same, of a database or cluster whose endpoint is not known yet. */
export function tunnelDocument(environment: Place | undefined): string {
  return environment?.tunnelDocument ?? anywhere;
}

/** Why AWS refuses a session to another host, as far as anybody here knows; undefined: it is no such session, or nobody does. */
export function deniedTunnelHint(
  environment: (Place & Pick<Environment, 'production'>) | undefined,
  document: string | undefined,
): string | undefined {
  if (environment === undefined) return undefined;
  const { name, production, tunnelDocument: own } = environment;
  if (document === anywhere && own !== undefined) {
    return [
      `Tunnels in ${name} begin with ${own}, which leads to endpoints of RDS and EKS by the names that AWS gives them, and to`,
      'no other host or name. Another way needs a permission set of its own.',
    ].join('\n');
  }
  if (document === anywhere && production) {
    return `Where Terraform has made a document for tunnels, forge.yaml must name it (tunnel_document of ${name}): forge config import-terraform`;
  }
  if (document !== own || own === undefined) return undefined;
  return `The instance that a tunnel goes through must carry the tag role = bastion, and the keys must be those of ${name}.`;
}
