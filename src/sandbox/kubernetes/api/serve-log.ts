import type { ServerResponse } from 'node:http';
import type { ApiRequest } from './api-request.ts';
import { findContainer, statusOfContainer } from './find-container.ts';
import { type KubernetesObject, textAt } from './json.ts';
import type { ObjectStore } from './object-store.ts';
import { createPodLog, type LogLine, type PodLog } from './pod-log.ts';
import { isTrue, type ResourceRequest } from './request-info.ts';
import { findResource } from './resource.ts';
import { badRequest, notFound } from './status.ts';

export interface LogParts {
  readonly store: ObjectStore;
  now(): number;
  readonly ended: AbortSignal;
}

/** How often a follower is given what came meanwhile. */
const followMilliseconds = 250;

/** GET …/pods/<name>/log: what a container wrote, and what it goes on to write. */
export async function serveLog(
  request: ApiRequest,
  info: ResourceRequest,
  response: ServerResponse,
  parts: LogParts,
): Promise<void> {
  const { query } = request;
  const { store, now } = parts;
  const pods = findResource('', 'v1', 'pods');
  const pod = pods === undefined ? undefined : store.find(pods, info.namespace, info.name);
  if (pod === undefined) throw notFound('', 'pods', info.name);
  const container = findContainer(pod, query.get('container'));
  const log = logOf(pod, container, isTrue(query.get('previous')));
  const wish = readWish(query);
  const end = log.countAt(now());
  let next = firstLine(log, wish, end, now());
  const write = writer(response, wish);
  response.writeHead(200, { 'content-type': 'text/plain' });
  const more = () => {
    const count = log.countAt(now());
    const lines = log.lines(Math.max(next, log.firstKept(now())), count);
    next = count;
    return write(lines);
  };
  const open = more();
  if (!open || !isTrue(query.get('follow')) || isTrue(query.get('previous'))) return void response.end();
  response.flushHeaders();
  follow(response, parts, {
    more,
    isThere: () =>
      pods !== undefined && store.find(pods, info.namespace, info.name)?.metadata.uid === pod.metadata.uid,
  });
}

function follow(
  response: ServerResponse,
  { ended }: LogParts,
  { more, isThere }: { more(): boolean; isThere(): boolean },
): void {
  const step = () => {
    // A reader that has stopped reading gets the rest once it goes on.
    if (response.writableNeedDrain) return;
    if (!more() || !isThere()) response.end();
  };
  const timer = setInterval(step, followMilliseconds);
  const finish = () => response.end();
  ended.addEventListener('abort', finish);
  response.on('close', () => {
    clearInterval(timer);
    ended.removeEventListener('abort', finish);
  });
}

function logOf(pod: KubernetesObject, container: string, previous: boolean): PodLog {
  const name = textAt(pod, 'metadata', 'name');
  const status = statusOfContainer(pod, container);
  const time = (...path: readonly string[]) => Date.parse(textAt(status, ...path));
  if (previous) {
    const endedAt = time('lastState', 'terminated', 'finishedAt');
    const startedAt = time('lastState', 'terminated', 'startedAt');
    if (Number.isNaN(endedAt) || Number.isNaN(startedAt)) {
      throw badRequest(
        `previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} not found`,
      );
    }
    return createPodLog({
      pod: name,
      container,
      startedAt,
      endedAt,
      lastWords: 'level=error msg="out of memory"',
    });
  }
  const startedAt = time('state', 'running', 'startedAt');
  if (Number.isNaN(startedAt)) {
    const reason = textAt(status, 'state', 'waiting', 'reason') || 'ContainerCreating';
    throw badRequest(
      `container ${JSON.stringify(container)} in pod ${JSON.stringify(name)} is waiting to start: ${reason}`,
    );
  }
  return createPodLog({ pod: name, container, startedAt });
}

interface LogWish {
  readonly tail: number | undefined;
  readonly sinceSeconds: number | undefined;
  /** Epoch milliseconds. */
  readonly sinceTime: number | undefined;
  readonly limitBytes: number | undefined;
  readonly timestamps: boolean;
}

function readWish(query: URLSearchParams): LogWish {
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw badRequest(
        `${name}: Invalid value: ${JSON.stringify(text)}: must be greater than or equal to ${least}`,
      );
    }
    return value;
  };
  const text = query.get('sinceTime') ?? '';
  const sinceTime = text === '' ? undefined : Date.parse(text);
  if (Number.isNaN(sinceTime))
    throw badRequest(`sinceTime: Invalid value: ${JSON.stringify(text)}: no RFC 3339 time`);
  return {
    tail: number('tailLines', 0),
    sinceSeconds: number('sinceSeconds', 1),
    sinceTime,
    limitBytes: number('limitBytes', 1),
    timestamps: isTrue(query.get('timestamps')),
  };
}

function firstLine(log: PodLog, wish: LogWish, end: number, now: number): number {
  const { tail, sinceSeconds, sinceTime } = wish;
  const since = sinceTime ?? (sinceSeconds === undefined ? undefined : now - sinceSeconds * 1_000);
  const byTime = since === undefined ? 0 : log.numberAt(since);
  const byTail = tail === undefined ? 0 : end - tail;
  return Math.max(log.firstKept(now), byTime, byTail);
}

/** False: as much as was wanted has been said. */
function writer(
  response: ServerResponse,
  { limitBytes, timestamps }: LogWish,
): (lines: readonly LogLine[]) => boolean {
  let left = limitBytes ?? Number.POSITIVE_INFINITY;
  return (lines) => {
    if (lines.length === 0) return true;
    const texts = lines.map(({ time, text }) => `${timestamps ? `${stamp(time)} ` : ''}${text}\n`);
    const bytes = Buffer.from(texts.join(''));
    response.write(bytes.subarray(0, left));
    left -= bytes.length;
    return left > 0;
  };
}

/** As container runtimes stamp lines: nanoseconds. */
const stamp = (time: number) => new Date(time).toISOString().replace('Z', '000000Z');
