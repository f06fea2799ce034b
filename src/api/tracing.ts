/**
 * Every operation, as Node's diagnostics channels see it: for tracers, metrics and logs.
 *
 * Each operation has a tracing channel (`varve:upload` and so on), which publishes `start`, `end`,
 * `asyncStart`, `asyncEnd` and `error` events. The context of the events is a {@link TraceContext}:
 * what Encore's start events carry, and from `asyncStart` on, in `result`, what its end events
 * carry. Content is never part of it. A stream or a listing is one operation from its first step to
 * its last, however long the caller takes.
 *
 * While nobody listens, an operation costs one property read more.
 *
 * @module
 */

import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';

/** An operation that is traced, on the channel `varve:<operation>`. */
export type TracedOperation =
  | 'upload'
  | 'download'
  | 'attrs'
  | 'exists'
  | 'list'
  | 'versions'
  | 'remove'
  | 'copy'
  | 'restore'
  | 'lock';

/** What an operation is about: known when it starts. */
export interface TraceSubject {
  bucket: string;
  object?: string | undefined;
  version?: string | undefined;
  prefix?: string | undefined;
  contentType?: string | undefined;
  /** Of a copy. */
  toBucket?: string | undefined;
  toObject?: string | undefined;
}

/** What became of it: `size` and `version` of an object, `observed` and `hasMore` of a listing. */
export interface TraceResult {
  size?: number | undefined;
  version?: string | undefined;
  etag?: string | undefined;
  contentType?: string | undefined;
  exists?: boolean;
  observed?: number;
  hasMore?: boolean;
}

/** The context object of the events of one operation. */
export interface TraceContext extends TraceSubject {
  /** From `asyncStart` on, unless the operation failed. */
  result?: TraceResult;
  /** From `error` on. */
  error?: unknown;
}

/** The trace of an operation that ends elsewhere than where it begins. */
export interface OpenTrace {
  end(result: TraceResult): void;
  fail(error: unknown): void;
}

const channels: Readonly<Record<TracedOperation, TracingChannel>> = {
  upload: tracingChannel('varve:upload'),
  download: tracingChannel('varve:download'),
  attrs: tracingChannel('varve:attrs'),
  exists: tracingChannel('varve:exists'),
  list: tracingChannel('varve:list'),
  versions: tracingChannel('varve:versions'),
  remove: tracingChannel('varve:remove'),
  copy: tracingChannel('varve:copy'),
  restore: tracingChannel('varve:restore'),
  lock: tracingChannel('varve:lock'),
};

/** Runs an operation and publishes its events. `resultOf` picks what tracers may see. */
export async function traced<T>(
  operation: TracedOperation,
  subject: TraceSubject,
  resultOf: (value: T) => TraceResult,
  work: () => Promise<T>,
): Promise<T> {
  const channel = channels[operation];
  if (!channel.hasSubscribers) return work();
  // `tracePromise` publishes what its function resolves with, so the value itself goes around it.
  let outcome: { readonly value: T } | undefined;
  await channel.tracePromise(async () => {
    outcome = { value: await work() };
    return resultOf(outcome.value);
  }, contextOf(subject));
  return (outcome as unknown as { readonly value: T }).value;
}

/**
 * Begins the trace of an operation; `undefined` while nobody listens. Only the first end counts.
 */
export function openTrace(
  operation: TracedOperation,
  subject: TraceSubject,
): OpenTrace | undefined {
  const channel = channels[operation];
  if (!channel.hasSubscribers) return undefined;
  let trace: OpenTrace | undefined;
  const ended = new Promise<TraceResult>((resolve, reject) => {
    trace = { end: resolve, fail: reject };
  });
  // The caller gets the error itself; this promise only carries it to the channel.
  channel.tracePromise(() => ended, contextOf(subject)).catch(() => {});
  return trace;
}

/** The subject without what is absent: tracers print what they find. */
function contextOf(subject: TraceSubject): TraceContext {
  const present = Object.entries(subject).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as unknown as TraceContext;
}
