import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { asJsonObject } from '../../lib/json-object.ts';
import { askSandbox } from '../../sandbox/process/ask-sandbox.ts';
import { findSandbox } from '../../sandbox/process/find-sandbox.ts';
import { sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';
import { totpCode, totpStep, totpStepMs } from '../../sandbox/totp.ts';

export default defineCommand({
  description:
    'Shows what two people keep for the day when Identity Center is down: the key of the sandbox’s offline user, and the code of its MFA device.',
  examples: [
    ['forge sandbox offline', 'to answer what forge breakglass --tier 3 asks'],
    ['forge sandbox offline --output json', 'the same for a script'],
  ],
  details: `In the real world the key is in the password vault of one person, and the device in the hand of another. Each code opens
once. After forge breakglass rotate it is the new key that is shown. Nothing of it is worth anything outside this sandbox.`,
  plannable: false,
  async run({ host, output }) {
    const state = await findSandbox(host, sandboxFolder(host));
    if (state === undefined) {
      throw new ForgeError('failed', 'The sandbox does not run.', {
        code: 'NO_SANDBOX',
        hint: 'forge sandbox start',
      });
    }
    const answer = await askSandbox(state, 'GET', 'offline', 'what its offline user has');
    const keys = Array.isArray(answer.keys) ? answer.keys : [];
    const { accessKeyId, secretAccessKey } = asJsonObject(keys.at(-1)) ?? {};
    const now = Number(answer.now);
    const code = totpCode(String(answer.mfaSecret), totpStep(now));
    const secondsLeft = Math.ceil((totpStepMs - (now % totpStepMs)) / 1000);
    output.note(`The device shows the next code in ${secondsLeft} s; each opens once.`);
    // What is printed here is to be typed: forge would hide a real one.
    await output.raw(
      output.format === 'json'
        ? `${JSON.stringify({ user: answer.arn, accessKeyId, secretAccessKey, serialNumber: answer.mfaSerial, code, secondsLeft }, null, 2)}\n`
        : `access key id      ${accessKeyId}\nsecret access key  ${secretAccessKey}\nMFA device         ${answer.mfaSerial}\ncode               ${code}\n`,
    );
  },
});
