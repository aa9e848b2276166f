import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileFailure } from '../../files/file-failure.ts';
import {
  type CopyJob,
  inTheWay,
  lookAt,
  noFolder,
  type RemotePlace,
  recursiveNeeded,
  refuseSeveral,
  specialFile,
} from './copy-job.ts';
import { showProgress } from './copy-progress.ts';
import { fileSource } from './copy-source.ts';
import { keepFile, unpackFolder } from './finish.ts';
import { planArchive } from './plan-archive.ts';
import { remoteJoin, withoutSlashes } from './remote-path.ts';
import { upload } from './upload.ts';
import { archiveSource } from './write-archive.ts';

/** Each source to the instance, one after the other. */
export async function uploadSources(job: CopyJob): Promise<void> {
  const { shell, words } = job;
  const place = await lookAt(shell, words.destination);
  refuseSeveral(words, place.kind === 'folder');
  if (place.kind === 'nowhere') {
    throw noFolder(`There is no folder for ${words.destination} on the instance.`);
  }
  for (const source of words.sources) await uploadSource(job, place, source);
}

async function uploadSource(job: CopyJob, place: RemotePlace, source: string): Promise<void> {
  const { host, shell, words, preserve } = job;
  const path = resolve(host.directories.working, source);
  const found = await stat(path).catch((error: unknown) => {
    throw fileFailure(error, 'read', source);
  });
  const name = /(?:^|[\\/])\.{1,2}[\\/]*$/.test(source) ? '' : basename(path);
  const destination =
    place.kind === 'folder' ? remoteJoin(words.destination, name) : withoutSlashes(words.destination);
  if (place.kind === 'other') throw inTheWay(words.destination, 'neither a file nor a folder');
  const base = { source, destination };
  if (found.isFile()) {
    if (place.kind === 'absent' && words.destination.endsWith('/')) {
      throw noFolder(`There is no folder ${words.destination} on the instance.`);
    }
    await job.begins(destination);
    using progress = showProgress(job, basename(path));
    const finish = keepFile(found.mode, found.mtimeMs, preserve);
    const copied = await upload(shell, fileSource(path, found.size), destination, finish, progress);
    await job.done({ ...base, ...copied, kind: 'file', warnings: [] }, destination);
  } else if (found.isDirectory()) {
    if (!job.recursive) throw recursiveNeeded(source);
    if (place.kind !== 'folder' && place.kind !== 'absent') throw inTheWay(words.destination, 'no folder');
    await shell.ask(['ok'], 'need', 'tar');
    using progress = showProgress(job, basename(path));
    const { entries, warnings } = await planArchive(path, host.signal);
    await job.begins(destination);
    const copied = await upload(shell, archiveSource(entries), destination, unpackFolder(preserve), progress);
    await job.done({ ...base, ...copied, kind: 'folder', warnings }, destination);
  } else {
    throw specialFile(source);
  }
}
