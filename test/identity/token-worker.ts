import { createAws } from '../../src/aws/clients.ts';
import { systemHost } from '../../src/host.ts';
import { getSsoToken } from '../../src/identity/sso-token.ts';

/** One of many processes that find the same token about to end. Prints the token it got. */
const host = systemHost();
const place = {
  startUrl: 'https://d-1234567890.awsapps.com/start',
  region: 'us-east-1',
  session: 'forge',
  scopes: ['sso:account:access'],
};
const token = await getSsoToken({ host, aws: async () => createAws(host) }, place);
process.stdout.write(token.accessToken.reveal());
