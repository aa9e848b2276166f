import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ForgeError } from '../../errors.ts';
import {
  type CopyJob,
  type CopyResult,
  inTheWay,
  lookAt,
  noFolder,
  recursiveNeeded,
  refuseSeveral,
  specialFile,
} from './copy-job.ts';
import { showProgress } from './copy-progress.ts';
import { download, installFile } from './download.ts';
import { installFolder } from './install-folder.ts';
import { remoteBasename } from './remote-path.ts';

/** What stands where the sources shall go. */
type Place = { readonly path: string; readonly kind: 'folder' | 'file' | 'absent' };

/** Each source from the instance, one after the other. */
export async function downloadSources(job: CopyJob): Promise<void> {
  const { host, words } = job;
  const path = resolve(host.directories.working, words.destination);
  const found = await stat(path).catch(() => undefined);
  const kind = found === undefined ? 'absent' : found.isDirectory() ? 'folder' : 'file';
  refuseSeveral(words, kind === 'folder');
  if (kind === 'absent' && (await stat(dirname(path)).catch(() => undefined)) === undefined) {
    throw noFolder(`There is no folder for ${words.destination} here.`);
  }
  for (const source of words.sources) await downloadSource(job, { path, kind }, source);
}

async function downloadSource(job: CopyJob, place: Place, source: string): Promise<void> {
  const { host, shell, words, preserve, instanceId } = job;
  const found = await lookAt(shell, source);
  const name = localName(remoteBasename(source), host.platform);
  const destination = place.kind === 'folder' ? join(place.path, name) : place.path;
  const shown = name === '' ? basename(destination) : name;
  switch (found.kind) {
    case 'file': {
      if (place.kind === 'absent' && /[\\/]$/.test(words.destination)) {
        throw noFolder(`There is no folder ${words.destination} here.`);
      }
      if ((await stat(destination).catch(() => undefined))?.isDirectory())
        throw inTheWay(destination, 'a folder');
      await job.begins(source);
      using progress = showProgress(job, shown);
      const file = { ...found, kind: found.kind };
      const install = installFile(file, destination, preserve);
      const { complaint: _, ...copied } = await download(
        host,
        shell,
        instanceId,
        file,
        destination,
        progress,
        install,
      );
      return job.done({ source, destination, ...copied, kind: 'file', warnings: [] }, source);
    }
    case 'folder': {
      if (!job.recursive) throw recursiveNeeded(source);
      if (place.kind === 'file') throw inTheWay(words.destination, 'no folder');
      await shell.ask(['ok'], 'need', 'tar');
      await job.begins(source);
      using progress = showProgress(job, shown);
      const file = { ...found, kind: found.kind };
      const warnings: string[] = [];
      const install = installFolder(host, destination, preserve, (text) => warnings.push(text));
      const { complaint, ...copied } = await download(
        host,
        shell,
        instanceId,
        file,
        destination,
        progress,
        install,
      );
      if (complaint !== undefined) warnings.push(`The instance could not read all of it: ${complaint}`);
      const result: CopyResult = { source, destination, ...copied, kind: 'folder', warnings };
      return job.done(result, source);
    }
    case 'closed':
      throw new ForgeError('failed', `The session's user may not read ${source}.`, {
        code: 'COPY_REFUSED',
        hint: 'A copy reads as the user whom Session Manager runs, mostly ssm-user.',
      });
    case 'other':
      throw specialFile(source);
    default:
      throw new ForgeError('failed', `There is no ${source} on the instance.`, {
        code: 'COPY_NOT_FOUND',
        hint: "Paths there begin at the home of the session's user, and no pattern such as *.log is understood.",
      });
  }
}

/** The person typed it, but not for this system. */
function localName(name: string, platform: NodeJS.Platform): string {
  if (platform !== 'win32' || !/[\\:]/.test(name)) return name;
  throw new ForgeError('usage', `No file can be called ${JSON.stringify(name)} on Windows.`, {
    code: 'USAGE',
    hint: 'Say a name for it in place of the folder.',
  });
}
