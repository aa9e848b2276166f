import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { findSandbox } from '../../sandbox/process/find-sandbox.ts';
import { sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';
import { totpCode, totpStep, totpStepMs } from '../../sandbox/totp.ts';

export default defineCommand({
  description:
    "Shows the code of the MFA device that the sandbox's IAM user `offline` has, as its keeper's telephone would.",
  examples: [
    ['forge sandbox mfa', 'six digits, for the next half minute'],
    [
      'forge sandbox run --as alex -- forge whoami --profile offline --mfa-code "$(forge sandbox mfa)"',
      'rehearse a role that asks for MFA',
    ],
  ],
  details: `The device is a real TOTP device: wrong codes are refused, and each opens once, so that a second sign-in waits for the
next. alex has the profile \`offline\` in ~/.aws: an IAM user's keys, a role, and the serial number of the device.`,
  plannable: false,
  async run({ host, output }) {
    const state = await findSandbox(host, sandboxFolder(host));
    if (state === undefined) {
      throw new ForgeError('failed', 'The sandbox does not run.', {
        code: 'NO_SANDBOX',
        hint: 'forge sandbox start',
      });
    }
    const { mfaSerial, mfaSecret } = state.offline;
    const now = host.now();
    const code = totpCode(mfaSecret, totpStep(now));
    const seconds = Math.ceil((totpStepMs - (now % totpStepMs)) / 1000);
    output.note(`The device shows the next code in ${seconds} s; each opens once.`);
    output.result({ data: { code, serialNumber: mfaSerial, secondsLeft: seconds }, text: () => code });
  },
});
