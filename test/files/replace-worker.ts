/** Run under strace by crash-points.test.ts: replaces one file and says how it went. */
import { replaceFile } from '../../src/files/replace-file.ts';

const [, , path = '', content = ''] = process.argv;
try {
  await replaceFile(path, content);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
