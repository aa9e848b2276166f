import {
  GetRoleCredentialsCommand,
  ListAccountRolesCommand,
  ListAccountsCommand,
  LogoutCommand,
  paginateListAccountRoles,
  paginateListAccounts,
} from '@aws-sdk/client-sso';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsStage, failureOf, startAwsStage } from '../clients.ts';

let stage: AwsStage;
let hostNow = Date.now();
beforeEach(async () => {
  hostNow = Date.now();
  stage = await startAwsStage(() => hostNow);
});
afterEach(() => stage.endpoint.close());

const credentials = (accessToken: string, roleName: string, accountId: string) =>
  stage.sso().send(new GetRoleCredentialsCommand({ accessToken, roleName, accountId }));

describe('the portal', () => {
  it.each<[string, readonly string[]]>([
    ['dana', ['dev', 'qa', 'access']],
    ['quinn', ['dev', 'qa']],
    ['nico', ['dev']],
    ['sam', ['dev', 'qa', 'prod-wealth', 'prod-cash', 'prod-9squid', 'access']],
    ['alex', ['dev', 'qa', 'prod-wealth', 'prod-cash', 'prod-9squid', 'access']],
    ['casey', ['prod-wealth']],
    ['bo', ['prod-wealth', 'prod-cash', 'prod-9squid']],
    ['mia', ['dev', 'qa', 'access']],
    ['sven', ['dev', 'qa', 'access']],
  ])('shows %s the accounts of the access policy', async (person, names) => {
    const { accessToken } = await stage.signIn(person);
    const { accountList } = await stage.sso().send(new ListAccountsCommand({ accessToken }));
    expect(accountList?.map(({ accountName }) => accountName)).toEqual(names);
  });

  it('gives keys that live as long as the permission set says', async () => {
    const { accessToken } = await stage.signIn('casey');
    const { roleCredentials } = await credentials(accessToken, 'Forge-Wealth-ReadOnly', '333333333333');
    expect((roleCredentials?.expiration ?? 0) - Math.floor(hostNow / 1000) * 1000).toBe(4 * 3600_000);
  });

  it.each<[string, string, string]>([
    ['another account', 'Forge-Developer', '333333333333'],
    ['another permission set', 'Forge-Admin', '111111111111'],
    ['a permission set that is not', 'Forge-Nothing', '111111111111'],
    ['an account that is not', 'Forge-Developer', '123456789012'],
  ])('says No access for %s', async (_name, roleName, accountId) => {
    const { accessToken } = await stage.signIn('dana');
    expect(await failureOf(credentials(accessToken, roleName, accountId))).toMatchObject({
      name: 'ForbiddenException',
      message: 'No access',
      status: 403,
    });
  });

  it('follows assignments as they come and go; keys already given live on', async () => {
    const { accessToken } = await stage.signIn('dana');
    await credentials(accessToken, 'Forge-Developer', '111111111111');
    const change = { person: 'dana', account: '111111111111', permissionSet: 'Forge-Developer' };
    expect((await stage.admin('POST', 'revoke', change)).status).toBe(200);
    expect((await failureOf(credentials(accessToken, 'Forge-Developer', '111111111111'))).name).toBe(
      'ForbiddenException',
    );
    expect(stage.world.keys.all().filter((keys) => keys.sessionToken)).toHaveLength(1);
    await stage.admin('POST', 'assign', change);
    await credentials(accessToken, 'Forge-Developer', '111111111111');
    await stage.admin('POST', 'assign', {
      person: 'dana',
      account: '444444444444',
      permissionSet: 'Forge-Prod-ReadOnly',
    });
    await credentials(accessToken, 'Forge-Prod-ReadOnly', '444444444444');
  });

  it('refuses bad, old and ended tokens', async () => {
    const list = (accessToken: string) =>
      failureOf(stage.sso().send(new ListAccountsCommand({ accessToken })));
    expect(await list('nonsense')).toMatchObject({ name: 'UnauthorizedException', status: 401 });
    const { accessToken } = await stage.signIn('dana');
    stage.world.setClockOffset(3600_000);
    expect((await list(accessToken)).name).toBe('UnauthorizedException');
    stage.world.setClockOffset(0);
    await stage.sso().send(new LogoutCommand({ accessToken }));
    expect((await list(accessToken)).name).toBe('UnauthorizedException');
    expect((await failureOf(stage.sso().send(new LogoutCommand({ accessToken })))).name).toBe(
      'UnauthorizedException',
    );
  });

  it('checks what it is asked', async () => {
    const { accessToken } = await stage.signIn('dana');
    const list = (input: object) =>
      failureOf(stage.sso().send(new ListAccountsCommand({ accessToken, ...input })));
    expect((await list({ maxResults: 101 })).name).toBe('InvalidRequestException');
    expect((await list({ nextToken: 'made-up' })).name).toBe('InvalidRequestException');
    const roles = new ListAccountRolesCommand({ accessToken, accountId: 'dev' });
    expect((await failureOf(stage.sso().send(roles))).name).toBe('InvalidRequestException');
  });

  it('pages through many accounts and roles', async () => {
    await stage.admin('POST', 'bulk', { person: 'nico', accounts: 45, rolesEach: 12 });
    const { accessToken } = await stage.signIn('nico');
    const ids: (string | undefined)[] = [];
    for await (const page of paginateListAccounts({ client: stage.sso(), pageSize: 20 }, { accessToken })) {
      ids.push(...(page.accountList ?? []).map(({ accountId }) => accountId));
    }
    expect(new Set(ids).size).toBe(46);
    const roles: (string | undefined)[] = [];
    for await (const page of paginateListAccountRoles(
      { client: stage.sso(), pageSize: 5 },
      { accessToken, accountId: ids[7] },
    )) {
      roles.push(...(page.roleList ?? []).map(({ roleName }) => roleName));
    }
    expect(roles).toHaveLength(12);
    // A page token of one listing is no good for another.
    const first = await stage.sso().send(new ListAccountsCommand({ accessToken, maxResults: 5 }));
    const mixed = new ListAccountRolesCommand({ accessToken, accountId: ids[7], nextToken: first.nextToken });
    expect((await failureOf(stage.sso().send(mixed))).name).toBe('InvalidRequestException');
  });

  it('throttles past some twenty a second, and recovers', async () => {
    const { accessToken } = await stage.signIn('dana');
    const ask = () =>
      stage
        .sso()
        .send(new ListAccountsCommand({ accessToken }))
        .then(
          () => 'ok',
          (error: Error) => error.name,
        );
    const answers = await Promise.all(Array.from({ length: 30 }, ask));
    expect(answers.filter((answer) => answer === 'ok')).toHaveLength(20);
    expect(answers.filter((answer) => answer === 'TooManyRequestsException')).toHaveLength(10);
    hostNow += 500;
    expect(await Promise.all(Array.from({ length: 10 }, ask))).toEqual(Array(10).fill('ok'));
    expect(await ask()).toBe('TooManyRequestsException');
  });
});
