/**
 * What a container writes: a line a second from its start, always the same for the same second, so that a log can be
 * read from anywhere without anybody having written it.
 */
export interface PodLog {
  /** Lines with numbers from `first` up to and without `end`, as far as they are kept. */
  lines(first: number, end: number): readonly LogLine[];
  /** Number of the first line at or after a time. */
  numberAt(time: number): number;
  /** How many there are by then. */
  countAt(time: number): number;
  /** The first that is still kept: kubelets rotate. */
  firstKept(time: number): number;
}

export interface LogLine {
  /** Epoch milliseconds. */
  readonly time: number;
  readonly text: string;
}

const interval = 1_000;
const kept = 5_000;

export interface LogFacts {
  readonly pod: string;
  readonly container: string;
  readonly startedAt: number;
  /** No line after this. */
  readonly endedAt?: number;
  /** What it said when it was ended. */
  readonly lastWords?: string;
}

export function createPodLog({ pod, container, startedAt, endedAt, lastWords }: LogFacts): PodLog {
  const total =
    endedAt === undefined ? Number.POSITIVE_INFINITY : Math.floor((endedAt - startedAt) / interval) + 1;
  const log: PodLog = {
    lines(first, end) {
      const from = Math.max(0, first);
      const until = Math.min(end, total);
      return Array.from({ length: Math.max(0, until - from) }, (_, offset) => {
        const number = from + offset;
        const last = number === total - 1 && lastWords !== undefined;
        return {
          time: startedAt + number * interval,
          text: last ? lastWords : lineOf(pod, container, number),
        };
      });
    },
    numberAt: (time) => Math.max(0, Math.ceil((time - startedAt) / interval)),
    countAt: (time) => Math.min(total, Math.max(0, Math.floor((time - startedAt) / interval) + 1)),
    firstKept: (time) => Math.max(0, log.countAt(time) - kept),
  };
  return log;
}

const paths = ['/health', '/', '/cart', '/orders/1042', '/assets/app.css', '/health', '/search?q=fund'];

function lineOf(pod: string, container: string, number: number): string {
  if (number === 0) return `${container} is starting in ${pod}`;
  // Any spread will do, as long as it is always the same.
  const spread = (number * 2_654_435_761) % 4_294_967_296;
  const path = paths[spread % paths.length] ?? '/';
  return `level=info request=${number} method=GET path="${path}" status=200 ms=${1 + (spread % 47)}`;
}
