import { describe, expect, it } from 'vitest';
import { buildConfig } from '../../src/config/build-config.ts';
import { portRequest } from '../../src/ssm/port-session.ts';
import { deniedTunnelHint, remoteHostDocument, tunnelDocument } from '../../src/ssm/remote-host-document.ts';

const own = 'forge-endpoint-tunnel';
const anywhere = 'AWS-StartPortForwardingSessionToRemoteHost';
const production = { name: 'prod', production: true, tunnelDocument: own };
const dev = { name: 'dev', production: false, tunnelDocument: undefined };
const database = 'shop.cluster-c9abc.us-east-1.rds.amazonaws.com';

describe('what a session to another host begins with', () => {
  it.each([
    [production, database, own],
    [production, '0123456789abcdef0123456789abcdef.gr7.us-east-1.eks.amazonaws.com', own],
    // AWS refuses these with the document: who may go anywhere, an administrator, still can.
    [production, 'search.internal', anywhere],
    [production, '169.254.169.254', anywhere],
    [production, `${database}.example.org`, anywhere],
    [dev, database, anywhere],
    [undefined, database, anywhere],
  ])('%j to %s', (environment, host, document) => {
    expect(remoteHostDocument(environment, host)).toBe(document);
  });

  it('is asked for with the name as RDS writes it, however it is written in forge.yaml', () => {
    const place = { instance: 'i-0123456789abcdef0', host: database.toUpperCase(), port: 5432 };
    const environment = buildConfig(
      {
        version: 1,
        environments: { prod: { account: '333333333333', region: 'us-east-1', tunnel_document: own } },
      },
      [],
    ).environments.get('prod');
    expect(portRequest(place, environment, 'why')).toEqual({
      target: 'i-0123456789abcdef0',
      documentName: own,
      parameters: { host: [database], portNumber: ['5432'], localPortNumber: ['0'] },
      reason: 'why',
    });
  });

  it('is known before the endpoint is', () => {
    expect([production, dev, undefined].map(tunnelDocument)).toEqual([own, anywhere, anywhere]);
  });
});

describe('a session that AWS refuses', () => {
  it('says which names the environment’s document takes', () => {
    expect(deniedTunnelHint(production, anywhere)).toMatch(
      /^Tunnels in prod begin with forge-endpoint-tunnel, which leads/,
    );
  });
  it('says that forge.yaml must name the document that Terraform may have made', () => {
    const unnamed = { ...production, tunnelDocument: undefined };
    expect(deniedTunnelHint(unnamed, anywhere)).toMatch(
      /tunnel_document of prod.*forge config import-terraform$/,
    );
  });
  it('says what the document needs', () => {
    expect(deniedTunnelHint(production, own)).toMatch(/role = bastion/);
  });
  it.each([
    [dev, anywhere],
    [undefined, anywhere],
    [dev, undefined],
    [production, 'forge-instance-connect'],
    [production, undefined],
  ])('says nothing of %j with %s', (environment, document) => {
    expect(deniedTunnelHint(environment, document)).toBeUndefined();
  });
});
