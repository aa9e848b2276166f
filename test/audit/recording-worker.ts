import { startRecording } from '../../src/audit/recording.ts';
import { type Host, systemHost } from '../../src/host.ts';

/** Records until it is killed (`run`), or until nothing more can be written (`fill`): then it prints why. */
async function main(): Promise<void> {
  const [, , how = '', state = ''] = process.argv;
  const system = systemHost();
  const host: Host = { ...system, directories: { ...system.directories, state }, stdin: system.stdin };
  const recording = await startRecording(host, {
    id: '3f9c21aa-0000-4000-8000-000000000000',
    breakGlass: undefined,
    title: 'forge ssm worker',
    size: { columns: 80, rows: 24 },
  });
  const [pause, more] = how === 'run' ? [5, ''] : [0, 'x'.repeat(2_000)];
  for (let line = 0; !host.signal.aborted; line++) {
    await recording.output(Buffer.from(`${line} grüße${more}\r\n`));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const { code, message } = host.signal.reason as { code: string; message: string };
  process.stdout.write(JSON.stringify({ code, message }));
  process.exit(0);
}

void main();
