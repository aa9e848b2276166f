import { SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';

/** Opens a session of Session Manager with whatever credentials there are, as the AWS CLI does, and leaves it open. */
async function main(): Promise<void> {
  const { SessionId: id } = await new SSMClient({}).send(
    new StartSessionCommand({ Target: process.argv[2] }),
  );
  process.stdout.write(`opened ${id}\n`);
}

void main();
