/**
 * Whatever a caller may upload, as one stream of bytes that always comes to an end.
 *
 * What must hold: a source is read once and in order, one piece at a time; a source that is not
 * read to its end is told so (its iterator's `return`, its stream's `cancel`), so that files and
 * sockets behind it are released; and no wait is for ever: a signal ends even the wait for a source
 * that never yields again. Nobody waits for such a source to clean up, as an async generator queues
 * that behind the very step that hangs.
 *
 * A Node stream that somebody has read to its end is refused. Reading it again yields nothing, and
 * an upload that is tried again with the same stream would replace the object by an empty one.
 *
 * Errors: `SOURCE_FAILED` when the source throws or is destroyed, `ABORTED` and `CLOSED` when the
 * wait is cut short, `TypeError` for what is no content.
 *
 * @module
 */

import { encodeUtf8 } from '../base/bytes.ts';
import { aborted, describe, ObjectsError, throwIfAborted } from '../base/errors.ts';
import { onAbort } from './abort-listeners.ts';
import { invalidArgument, wrongType } from './checks.ts';
import type { Body } from './options.ts';

const wanted = 'bytes, a string, a Blob, or a stream or iterable of Uint8Array';

/** What may cut a wait for the source short. */
export interface Interruption {
  readonly signal: AbortSignal | undefined;
  /** Fires when the store closes; its reason is the error to throw. */
  readonly closing: AbortSignal;
}

/** Content on its way into the store. */
export class BodySource {
  readonly #pieces: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #whole: Uint8Array | undefined;
  #state: 'idle' | 'waiting' | 'ended' = 'idle';
  #bytesRead = 0;

  /** Throws `TypeError` if `data` is no content. Reads nothing yet. */
  constructor(data: Body) {
    this.#whole = wholeOf(data);
    this.#pieces =
      this.#whole === undefined ? piecesOf(data as Exclude<Body, string>) : [this.#whole].values();
  }

  /** How many bytes have been handed out. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Whether everything has been handed out. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** The content, if it is at hand in one array and nothing of it was handed out. */
  takeWhole(): Uint8Array | undefined {
    if (this.#state !== 'idle' || this.#whole === undefined) return undefined;
    this.#state = 'ended';
    this.#bytesRead = this.#whole.length;
    return this.#whole;
  }

  /** The content, in pieces of any size. Leaving the loop early stops the source. */
  async *chunks(interruption: Interruption): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const step = await this.#next(interruption);
        if (step.done === true) return;
        const bytes = bytesOfPiece(step.value);
        this.#bytesRead += bytes.length;
        if (bytes.length > 0) yield bytes;
      }
    } finally {
      await this.stop();
    }
  }

  /** Tells the source that no more of it is wanted. Harmless when it has ended. */
  async stop(): Promise<void> {
    const state = this.#state;
    this.#state = 'ended';
    if (state === 'ended') return;
    try {
      const stopping = Promise.resolve(this.#pieces.return?.());
      if (state === 'waiting') stopping.catch(() => {});
      else await stopping;
    } catch {
      // The upload has failed already, and its own error says more than this one.
    }
  }

  async #next(interruption: Interruption): Promise<IteratorResult<unknown>> {
    throwIfAborted(interruption.signal);
    this.#state = 'waiting';
    try {
      const step = await interruptible(this.#pieces.next(), interruption);
      this.#state = step.done === true ? 'ended' : 'idle';
      return step;
    } catch (cause) {
      // A source that fails because of the same signal has not failed on its own.
      const interrupted = interruptionOf(interruption);
      if (interrupted !== undefined) throw interrupted;
      // An iterator that has thrown is finished: it is not to be asked to return.
      this.#state = 'ended';
      throw new ObjectsError(
        `the content ended with an error: ${describe({ cause: text(cause) })}`,
        {
          code: 'SOURCE_FAILED',
          cause,
        },
      );
    }
  }
}

function wholeOf(data: Body): Uint8Array | undefined {
  if (typeof data === 'string') return encodeUtf8(data);
  return ArrayBuffer.isView(data) || isArrayBuffer(data) ? bytesOfPiece(data) : undefined;
}

function piecesOf(data: Exclude<Body, string>): Iterator<unknown> | AsyncIterator<unknown> {
  if (!isObject(data)) throw wrongType('data', wanted, data);
  if (isBlob(data)) return piecesOfStream(data.stream());
  if ('getReader' in data) return piecesOfStream(data);
  if ('readableEnded' in data && Symbol.asyncIterator in data) return piecesOfNodeStream(data);
  if (Symbol.asyncIterator in data) return data[Symbol.asyncIterator]();
  if (Symbol.iterator in data) return data[Symbol.iterator]();
  throw wrongType('data', wanted, data);
}

/** A stream of Node, as far as it matters here. */
interface NodeStream extends AsyncIterable<unknown> {
  readonly readableEnded?: unknown;
  destroy?(): unknown;
}

/**
 * A Node stream. Its iterator would not destroy it before the first read, nor while a read waits.
 */
function piecesOfNodeStream(stream: NodeStream): AsyncIterator<unknown> {
  if (stream.readableEnded === true) {
    throw invalidArgument('data is a stream that has been read to its end: make a new one');
  }
  const pieces = stream[Symbol.asyncIterator]();
  return {
    next: () => pieces.next(),
    async return() {
      stream.destroy?.();
      return { done: true, value: undefined };
    },
  };
}

/** A web stream by its reader: unlike its iterator, that can be cancelled while a read waits. */
function piecesOfStream(stream: ReadableStream<Uint8Array>): AsyncIterator<unknown> {
  if (stream.locked) {
    throw invalidArgument('data is a stream that something else is reading: make a new one');
  }
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function bytesOfPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (ArrayBuffer.isView(piece)) {
    return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  }
  if (isArrayBuffer(piece)) return new Uint8Array(piece);
  throw wrongType('every piece of data', 'a Uint8Array', piece);
}

/**
 * Settles as `waiting` does, or rejects as soon as it is interrupted. Leaves no listener behind.
 */
async function interruptible<T>(
  waiting: T | PromiseLike<T>,
  interruption: Interruption,
): Promise<T> {
  // What is at hand need not be waited for: a store that closes lets such an upload finish.
  if (!(typeof waiting === 'object' && waiting !== null && 'then' in waiting)) return waiting;
  const { signal, closing } = interruption;
  const stopListening: (() => void)[] = [];
  try {
    return await new Promise<T>((resolve, reject) => {
      waiting.then(resolve, reject);
      const interrupt = (): void => {
        reject(interruptionOf(interruption) as Error);
      };
      if (signal !== undefined) stopListening.push(onAbort(signal, interrupt));
      stopListening.push(onAbort(closing, interrupt));
      if (closing.aborted) interrupt();
    });
  } finally {
    for (const stop of stopListening) stop();
  }
}

/** The error of what cuts the wait short; `undefined` if nothing does. */
function interruptionOf({ signal, closing }: Interruption): Error | undefined {
  if (signal?.aborted === true) return aborted(signal);
  return closing.aborted ? (closing.reason as Error) : undefined;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** By tag and not by class, which another realm has its own of. */
function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]';
}

function isBlob(value: object): value is Blob {
  return 'arrayBuffer' in value && 'stream' in value && typeof value.stream === 'function';
}

function text(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
