import { systemHost } from '../../src/host.ts';
import { createPrompt } from '../../src/terminal/prompt.ts';

/** Asks one question once keys of before have had time to arrive. */
const host = systemHost();
const prompt = createPrompt(host, { input: true });
host.stdout.write('ready\n');
const until = host.monotonic() + 500;
while (host.monotonic() < until);
const answer = await prompt.confirm({ message: 'Sign in now?', flag: '--yes', default: 'yes' });
host.stdout.write(`answer: ${answer}\n`);
