import { defineCommand } from '../../command.ts';
import { openShell } from './open-shell.ts';

export default defineCommand<{ as?: string }>({
  description:
    'Opens a shell in the sandbox: forge, aws, psql and every AWS SDK in it talk to the sandbox, and to nothing else of AWS. Leave it with exit.',
  options: [
    {
      flags: '--as <person>',
      description: 'who you are: dana (default), quinn, nico, sam, alex, casey, bo, mia, sven, noor',
    },
  ],
  examples: [
    ['forge sandbox shell', 'as dana, a developer'],
    ['forge sandbox shell --as sam', 'as sam, who is on call'],
  ],
  details:
    'The shell is $SHELL. Your own start-up files are not read: they could set AWS variables that lead out.\nWithout a running sandbox, one is started and ends with the shell.\nThe AWS CLI follows from version 2.13 (1.29) on: older ones do not know AWS_ENDPOINT_URL.',
  run: (context, { options }) => openShell(context, options.as),
});
