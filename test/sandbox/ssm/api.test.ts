import { connect } from 'node:net';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import {
  DescribeDocumentCommand,
  DescribeInstanceInformationCommand,
  DescribeSessionsCommand,
  GetConnectionStatusCommand,
  ResumeSessionCommand,
  StartSessionCommand,
  type StartSessionCommandInput,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRdsFront } from '../../../src/sandbox/rds-front/rds-front.ts';
import { createCertificateAuthority } from '../../../src/sandbox/x509/certificates.ts';
import { failureOf } from '../clients.ts';
import { type SsmStage, startSsmStage } from './stage.ts';

const endpoint = 'wealth.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com';
let stage: SsmStage;
beforeAll(async () => {
  stage = await startSsmStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

describe('EC2 and instance information', () => {
  it('find instances by tag with wildcards, address, name and id', async () => {
    const web = stage.instance('dev', 'web-1');
    const names = async (Name: string, ...Values: string[]) => {
      const reply = await stage.ec2().send(new DescribeInstancesCommand({ Filters: [{ Name, Values }] }));
      return reply.Reservations?.flatMap(
        ({ Instances }) => Instances?.map(({ Tags }) => Tags?.find(({ Key }) => Key === 'Name')?.Value) ?? [],
      );
    };
    expect(await names('tag:Name', 'web-*')).toEqual(['web-1', 'web-2']);
    expect(await names('tag:role', 'bastion', 'worker')).toEqual(['bastion', 'worker']);
    expect(await names('private-ip-address', web.privateIp)).toEqual(['web-1']);
    expect(await names('private-dns-name', web.privateDns)).toEqual(['web-1']);
    expect(await names('instance-id', web.id)).toEqual(['web-1']);
    expect(await names('tag:Name', 'web.1')).toEqual([]);
    expect((await failureOf(names('colour', 'red'))).name).toBe('InvalidParameterValue');
    const unknown = stage.ec2().send(new DescribeInstancesCommand({ InstanceIds: ['i-0123456789abcdef0'] }));
    expect((await failureOf(unknown)).name).toBe('InvalidInstanceID.NotFound');
    const denied = stage
      .ec2(stage.keysOf('Forge-DataAnalyst', 'dev', 'bo'))
      .send(new DescribeInstancesCommand({}));
    expect(await failureOf(denied)).toMatchObject({ name: 'UnauthorizedOperation', status: 403 });
  });

  it('page a thousand instances', async () => {
    await stage.admin('ssm-instances', { count: 1_000, environment: 'qa' });
    const keys = stage.keysOf('Forge-Developer', 'qa');
    const ids = new Set<string>();
    let NextToken: string | undefined;
    do {
      const page = await stage
        .ssm(keys)
        .send(new DescribeInstanceInformationCommand({ MaxResults: 50, NextToken }));
      for (const { InstanceId = '' } of page.InstanceInformationList ?? []) ids.add(InstanceId);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    // Six, one with Windows and a hybrid node; containers are no managed instances, and EC2 has no hybrid nodes.
    expect(ids.size).toBe(1_008);
    const first = await stage.ec2(keys).send(new DescribeInstancesCommand({ MaxResults: 1_000 }));
    const rest = await stage
      .ec2(keys)
      .send(new DescribeInstancesCommand({ MaxResults: 1_000, NextToken: first.NextToken }));
    expect([first.Reservations?.length, rest.Reservations?.length]).toEqual([1_000, 7]);
    const other = stage.ssm().send(new DescribeInstanceInformationCommand({ NextToken: first.NextToken }));
    expect((await failureOf(other)).name).toBe('InvalidNextToken');
  });

  it('filter by status and tag, never both', async () => {
    const list = (...Filters: { Key: string; Values: string[] }[]) =>
      stage.ssm().send(new DescribeInstanceInformationCommand({ Filters }));
    const offline = await list({ Key: 'PingStatus', Values: ['ConnectionLost'] });
    expect(offline.InstanceInformationList?.map(({ InstanceId }) => InstanceId)).toEqual([
      stage.instance('dev', 'report').id,
    ]);
    const mixed = list({ Key: 'tag:role', Values: ['web'] }, { Key: 'PingStatus', Values: ['Online'] });
    expect((await failureOf(mixed)).name).toBe('InvalidInstanceInformationFilterValue');
    expect((await failureOf(list({ Key: 'Colour', Values: ['x'] }))).name).toBe('InvalidFilterKey');
  });
});

describe('StartSession', () => {
  const start = (wish: Partial<StartSessionCommandInput>, keys = stage.keysOf('Forge-Developer', 'dev')) =>
    stage.ssm(keys).send(new StartSessionCommand({ Target: stage.instance('dev', 'web-1').id, ...wish }));

  it('refuses what AWS refuses', async () => {
    const failure = async (wish: Partial<StartSessionCommandInput>) => (await failureOf(start(wish))).name;
    expect(await failure({ Target: stage.instance('dev', 'report').id })).toBe('TargetNotConnected');
    expect(await failure({ Target: stage.instance('qa', 'web-1').id })).toBe('TargetNotConnected');
    expect(await failure({ DocumentName: 'AWS-Nothing' })).toBe('InvalidDocument');
    const DocumentName = 'AWS-StartPortForwardingSession';
    expect(await failure({ DocumentName, Parameters: { portNumber: ['70000'] } })).toBe('InvalidParameters');
    expect(await failure({ DocumentName, Parameters: { host: ['x'] } })).toBe('InvalidParameters');
    expect(await failure({ Reason: 'x'.repeat(257) })).toBe('ValidationException');
    const foreign = { ...stage.keysOf('Forge-Developer', 'dev'), secretAccessKey: 'wrong' };
    expect((await failureOf(start({}, foreign))).name).toBe('InvalidSignatureException');
  });

  it('asks IAM about the instance and the document', async () => {
    const bastion = stage.instance('prod-wealth', 'bastion').id;
    const web = stage.instance('prod-wealth', 'web-1').id;
    const casey = stage.keysOf('Forge-Wealth-ReadOnly', 'prod-wealth', 'casey');
    const DocumentName = 'forge-endpoint-tunnel';
    const Parameters = { host: [endpoint], portNumber: ['5432'] };
    const { SessionId = '' } = await start({ Target: bastion, DocumentName, Parameters }, casey);
    expect((await failureOf(start({ Target: web, DocumentName, Parameters }, casey))).message).toContain(web);
    const shell = await failureOf(start({ Target: bastion }, casey));
    expect(shell).toMatchObject({ name: 'AccessDeniedException', status: 400 });
    expect(shell.message).toContain('document/SSM-SessionManagerRunShell');
    // One's own session, and nobody else's.
    const other = stage.ssm(stage.keysOf('Forge-Prod-Instance', 'prod-wealth', 'sam'));
    for (const command of [
      new ResumeSessionCommand({ SessionId }),
      new TerminateSessionCommand({ SessionId }),
    ]) {
      expect((await failureOf(other.send(command as ResumeSessionCommand))).name).toBe(
        'AccessDeniedException',
      );
    }
    await stage.ssm(casey).send(new TerminateSessionCommand({ SessionId }));
  });

  it('production has documents of its own, which a grant of instances may start, and no other', async () => {
    const sam = stage.keysOf('Forge-Prod-Instance', 'prod-wealth', 'sam');
    const Target = stage.instance('prod-wealth', 'web-1').id;
    const began = stage.world.ssm.sessions.size;
    const run = { DocumentName: 'forge-instance-run', Parameters: { command: ['id'] } };
    for (const wish of [
      { DocumentName: 'forge-instance-connect' },
      { DocumentName: 'forge-instance-copy', Parameters: { command: ['sh'] } },
      run,
    ]) {
      await start({ Target, ...wish }, sam);
    }
    const sessions = [...stage.world.ssm.sessions.values()].slice(began);
    expect(
      sessions.map(({ plan, preferences }) => [plan.type, plan.command, preferences.maxMinutes]),
    ).toEqual([
      ['Standard_Stream', '', 120],
      ['InteractiveCommands', 'sh', 120],
      ['NonInteractiveCommands', 'id', 120],
    ]);
    expect(sessions.map(({ plan }) => plan.separateOutput)).toEqual([false, false, true]);

    const failure = async (wish: Partial<StartSessionCommandInput>, keys = sam) =>
      (await failureOf(start({ Target, ...wish }, keys))).name;
    for (const DocumentName of [
      undefined,
      'SSM-SessionManagerRunShell',
      'AWS-StartSSHSession',
      'AWS-StartPortForwardingSession',
      'AWS-StartInteractiveCommand',
      'AWS-StartNonInteractiveCommand',
      'my-shell',
      'arn:aws:ssm:us-east-1:000000000000:document/forge-instance-connect',
    ]) {
      expect(await failure({ DocumentName }), DocumentName).toBe('AccessDeniedException');
    }
    const untagged = stage.instance('prod-wealth', 'legacy').id;
    expect(await failure({ Target: untagged, ...run })).toBe('AccessDeniedException');
    expect(await failure({ DocumentName: run.DocumentName })).toBe('InvalidParameters');
    const odd = { command: ['id'], separateOutputStream: ['yes'] };
    expect(await failure({ ...run, Parameters: odd })).toBe('InvalidParameters');
    // Where Terraform makes none, there is none.
    const dana = stage.keysOf('Forge-Developer', 'dev');
    expect(await failure({ ...run, Target: stage.instance('dev', 'web-1').id }, dana)).toBe(
      'InvalidDocument',
    );
  });

  it('in production a tunnel leads to endpoints of RDS and EKS by their own names, and to no other host', async () => {
    const casey = stage.keysOf('Forge-Wealth-ReadOnly', 'prod-wealth', 'casey');
    const Target = stage.instance('prod-wealth', 'bastion').id;
    const DocumentName = 'forge-endpoint-tunnel';
    const tunnel = (host: string, more: Readonly<Record<string, string[]>> = {}) =>
      start({ Target, DocumentName, Parameters: { host: [host], portNumber: ['5432'], ...more } }, casey);
    const began = stage.world.ssm.sessions.size;
    const cluster = '0123456789ABCDEF0123456789ABCDEF';
    const allowed = [
      endpoint,
      'shop-1.c9abc.eu-central-1.rds.amazonaws.com',
      'pool.proxy-c9abc.us-gov-west-1.rds.amazonaws.com',
      `${cluster}.gr7.us-east-1.eks.amazonaws.com`,
      `${cluster.toLowerCase()}.yl4.ap-southeast-2.eks.amazonaws.com`,
      `${cluster}.sk1.eks-cluster.us-east-1.api.aws`,
    ];
    for (const host of allowed) await tunnel(host);
    const sessions = [...stage.world.ssm.sessions.values()].slice(began);
    expect(sessions.map(({ plan }) => plan)).toMatchObject(
      allowed.map((host) => ({
        type: 'Port',
        properties: { type: 'LocalPortForwarding', host, portNumber: '5432', localPortNumber: '0' },
      })),
    );
    for (const host of [
      '169.254.169.254',
      '2852039166',
      '[fd00:ec2::254]',
      'localhost',
      '127.0.0.1',
      '10.0.0.7',
      'search.internal',
      'db.example.org',
      'evil.rds.amazonaws.com',
      'evil.rds.amazonaws.com.attacker.net',
      `${endpoint}.attacker.net`,
      'shop.c9abc.us-east-1.evilrds.amazonaws.com',
      'shop.c9abc.us-east-1.rdsxamazonaws.com',
      `x.gr7.us-east-1.eks.amazonaws.com`,
      `${cluster}.gr7.us-east-1.eks.amazonaws.com.attacker.net`,
      `169.254.169.254/.${endpoint}`,
      `169.254.169.254\n${endpoint}`,
    ]) {
      expect((await failureOf(tunnel(host))).name, host).toBe('InvalidParameters');
    }
    for (const more of [{ portNumber: ['0'] }, { portNumber: ['65536'] }, { type: ['x'] }]) {
      expect((await failureOf(tunnel(endpoint, more))).name).toBe('InvalidParameters');
    }
    const anywhere = { Target, DocumentName: 'AWS-StartPortForwardingSessionToRemoteHost' };
    const Parameters = { host: [endpoint], portNumber: ['5432'] };
    expect((await failureOf(start({ ...anywhere, Parameters }, casey))).name).toBe('AccessDeniedException');
    const web = stage.instance('prod-wealth', 'web-1').id;
    expect((await failureOf(start({ Target: web, DocumentName, Parameters }, casey))).name).toBe(
      'AccessDeniedException',
    );
    // Outside production AWS's own goes anywhere, as ever.
    const dana = stage.keysOf('Forge-Developer', 'dev');
    const dev = { ...anywhere, Target: stage.instance('dev', 'bastion').id };
    await start({ ...dev, Parameters: { host: ['search.internal'], portNumber: ['9200'] } }, dana);
  });

  it('is seen by DescribeSessions with its reason, until it ends', async () => {
    const { SessionId, StreamUrl, TokenValue } = await start({ Reason: 'ticket 7' });
    expect(SessionId).toMatch(/^dana@tapp\.example-[0-9a-f]{17}$/);
    expect(StreamUrl).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/v1\/data-channel\//);
    expect(TokenValue?.length).toBeLessThanOrEqual(300);
    const find = async (State: 'Active' | 'History') => {
      const Filters = [{ key: 'SessionId' as const, value: SessionId }];
      return (await stage.ssm().send(new DescribeSessionsCommand({ State, Filters }))).Sessions;
    };
    expect(await find('Active')).toEqual([
      expect.objectContaining({ SessionId, Reason: 'ticket 7', Status: 'Connected' }),
    ]);
    await stage.ssm().send(new TerminateSessionCommand({ SessionId }));
    expect([(await find('Active'))?.length, (await find('History'))?.length]).toEqual([0, 1]);
    const status = await stage
      .ssm()
      .send(new GetConnectionStatusCommand({ Target: stage.instance('dev', 'report').id }));
    expect(status.Status).toBe('notconnected');
  });
});

it('KMS gives a data key to those who may, bound to its context', async () => {
  const ask = (keys = stage.keysOf('Forge-Developer', 'dev'), KeyId = 'alias/session-manager') =>
    stage.kms(keys).send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 64 }));
  const { Plaintext, CiphertextBlob, KeyId } = await ask();
  expect([Plaintext?.length, KeyId]).toEqual([
    64,
    expect.stringContaining('arn:aws:kms:us-east-1:111111111111:key/'),
  ]);
  expect(CiphertextBlob?.length).toBeGreaterThan(64);
  expect((await failureOf(ask(stage.keysOf('Forge-QA-ReadOnly', 'dev')))).name).toBe('AccessDeniedException');
  expect((await failureOf(ask(undefined, 'alias/other'))).name).toBe('NotFoundException');
});

it('a closed network turns away who comes directly and lets in who comes through the gateway', async () => {
  const [cluster] = stage.world.organisation.clusters;
  if (cluster === undefined) throw new Error('no cluster');
  const endpoint = (name: string) => ({ names: [name] as const, backend: async () => 'nowhere' });
  await using front = await startRdsFront({
    cluster: {
      region: cluster.region,
      account: cluster.account,
      resourceId: cluster.resourceId,
      databases: [],
      users: [],
      endpoints: [endpoint(cluster.endpoint), endpoint(cluster.readerEndpoint)],
    },
    certificate: createCertificateAuthority('test', Date.now()).issue([cluster.endpoint]),
    gatekeeper: { verifyToken: () => ({ ok: false, reason: 'no' }), isIamUser: async () => false },
    record: () => {},
    direct: () => stage.world.ssm.network.direct(cluster.account),
  });
  const { network } = stage.world.ssm;
  network.insidePorts.set(cluster.port, front.insidePort);
  const from = (environment: string, host: string) =>
    network.find(stage.world.organisation, stage.instance(environment, 'bastion'), host, cluster.port);
  expect([
    from('dev', cluster.readerEndpoint),
    from('qa', cluster.endpoint),
    from('dev', 'example.com'),
  ]).toEqual([front.insidePort, undefined, undefined]);
  /** PostgreSQL's SSLRequest, and what comes of it. */
  const ask = (port: number) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from('0000000804d2162f', 'hex')));
      const settle = (answer: string) => {
        socket.destroy();
        resolve(answer);
      };
      socket.on('error', () => settle('closed'));
      socket.on('close', () => settle('closed'));
      socket.on('data', (bytes) => settle(bytes.toString()));
      setTimeout(() => settle('silence'), 300);
    });
  expect(await ask(front.port)).toBe('S');
  await stage.admin('network', { environment: 'dev', direct: false });
  expect([await ask(front.port), await ask(front.insidePort)]).toEqual(['silence', 'S']);
  await stage.admin('network', { environment: 'dev', direct: false, refusal: 'closed' });
  expect(await ask(front.port)).toBe('closed');
  await stage.admin('network', { environment: 'dev', direct: true });
  expect(await ask(front.port)).toBe('S');
});

describe('DescribeDocument', () => {
  const asked = (name: string, set = 'Forge-Wealth-ReadOnly', environment = 'prod-wealth', region?: string) =>
    stage
      .ssm(stage.keysOf(set, environment, 'casey'), region)
      .send(new DescribeDocumentCommand({ Name: name }));

  it('knows those of the account and region, and AWS’s own', async () => {
    for (const [name, type, owner] of [
      ['forge-endpoint-tunnel', 'Session', '333333333333'],
      ['AWS-StartSSHSession', 'Session', 'Amazon'],
      ['AWS-RunShellScript', 'Command', 'Amazon'],
    ])
      expect((await asked(name ?? '')).Document).toMatchObject({
        Name: name,
        DocumentType: type,
        Owner: owner,
        Status: 'Active',
      });
  });

  it('and refuses as AWS does', async () => {
    expect(await failureOf(asked('forge-nothing'))).toMatchObject({ name: 'InvalidDocument', status: 400 });
    const elsewhere = asked('forge-endpoint-tunnel', undefined, undefined, 'eu-west-1');
    expect((await failureOf(elsewhere)).name).toBe('InvalidDocument');
    expect((await failureOf(asked('forge-endpoint-tunnel', 'Forge-Developer', 'dev'))).name).toBe(
      'InvalidDocument',
    );
    const denied = await failureOf(asked('forge-endpoint-tunnel', 'Forge-DataAnalyst', 'prod-wealth'));
    expect(denied.name).toBe('AccessDeniedException');
  });
});
