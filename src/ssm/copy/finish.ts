/** What the instance does with what has arrived: a request and the words after the digest. */
export interface Finish {
  readonly verb: 'keep' | 'unpack';
  readonly words: readonly string[];
}

/** `mode`: permission bits; `mtime`: epoch milliseconds. Both are kept exactly only when asked for. */
export function keepFile(mode: number, mtime: number, preserve: boolean): Finish {
  const stamp = preserve ? touchStamp(mtime) : '-';
  return { verb: 'keep', words: [(mode & 0o777).toString(8), stamp, preserve ? 'exact' : 'plain'] };
}

export function unpackFolder(preserve: boolean): Finish {
  return { verb: 'unpack', words: [preserve ? 'exact' : 'plain'] };
}

/** As POSIX touch -t takes it, UTC. */
function touchStamp(milliseconds: number): string {
  return new Date(milliseconds)
    .toISOString()
    .replace(/^(\d+)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d).*$/, '$1$2$3$4$5.$6');
}
