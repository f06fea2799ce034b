/**
 * An open engine and who is using it: shared by a store and all that was made from it.
 *
 * It opens once, on first use. Closing refuses what comes after it with `CLOSED`, lets what has
 * begun come to its end, and then closes the engine, so that no operation ever meets an engine that
 * closes under it. What waits for somebody else (an upload for the next bytes of its source) might
 * wait for ever; it listens to `closing` and gives up instead.
 *
 * Streams and listings are used step by step, and each step is an operation of its own: a reader
 * that nobody drains does not hold up a close.
 *
 * @module
 */

import { ObjectsError, aborted, throwIfAborted } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../engine/platform/platform.ts';
import { wrongType } from './checks.ts';
import { withPatience } from './patience.ts';

export class Session {
  readonly clock: Clock;
  readonly #open: () => Promise<Engine>;
  readonly #interrupt = new AbortController();
  #opening: Promise<Engine> | undefined;
  #engine: Engine | undefined;
  #closed: Promise<void> | undefined;
  #inFlight = 0;
  #whenIdle: (() => void) | undefined;

  constructor(clock: Clock, open: () => Promise<Engine>) {
    this.clock = clock;
    this.#open = open;
  }

  /** Fires when the session begins to close; its reason is the `CLOSED` error. */
  get closing(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** The engine, if it is open: for the few answers that must not wait. */
  get engineIfOpen(): Engine | undefined {
    return this.#closed === undefined ? this.#engine : undefined;
  }

  /** Opens the engine now. A failed attempt is forgotten, so that the next use tries again. */
  async open(): Promise<void> {
    await this.use(async () => {});
  }

  /**
   * Runs one operation on the open engine. `close` waits for it.
   *
   * @param signal - The caller's. The operation looks at it itself; here it only ends the wait for
   * a disk that does not answer.
   * @param abandoned - What the caller is told then. Default: `ABORTED`, nothing happened.
   */
  async use<T>(
    operation: (engine: Engine) => Promise<T>,
    signal?: AbortSignal,
    abandoned: (signal: AbortSignal) => Error = aborted,
  ): Promise<T> {
    if (this.#closed !== undefined) throw closedError();
    const running = this.#run(operation);
    if (signal === undefined) return running;
    return withPatience(running, { signal, abandoned: () => abandoned(signal) }, this.clock);
  }

  /**
   * Runs a long operation, which ends early with `ABORTED` or, when the session closes, `CLOSED`:
   * by the signal that it is given.
   */
  async useLong<T>(
    operation: (engine: Engine, stop: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const { closing } = this;
    const stop = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    return this.use(async (engine) => {
      throwIfAborted(signal);
      try {
        return await operation(engine, stop);
      } catch (error) {
        const wasCut = error instanceof ObjectsError && error.code === 'ABORTED';
        throw wasCut && signal?.aborted !== true ? closing.reason : error;
      }
    }, signal);
  }

  async #run<T>(operation: (engine: Engine) => Promise<T>): Promise<T> {
    this.#inFlight++;
    try {
      return await operation(this.#engine ?? (await this.#acquire()));
    } finally {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#whenIdle?.();
    }
  }

  /** Resolves when all operations have ended and the engine is closed. Calling it again is fine. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #acquire(): Promise<Engine> {
    this.#opening ??= this.#open();
    try {
      this.#engine = await this.#opening;
      return this.#engine;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #close(): Promise<void> {
    this.#interrupt.abort(closedError());
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.#engine?.close();
  }
}

/** Which session a store stands for. Kept outside the store, so that it is no part of the API. */
const sessions = new WeakMap<object, Session>();

/** Says which session belongs to a store. */
export function bindSession(store: object, session: Session): void {
  sessions.set(store, session);
}

/** The session of a store, when it is asked for. Throws `TypeError` for what is no store. */
export function sessionGetterOf(store: object): () => Session {
  const session = sessions.get(store);
  if (session === undefined) throw wrongType('store', 'a Store', store);
  return () => session;
}

function closedError(): ObjectsError {
  return new ObjectsError('the store is closed; open it again', { code: 'CLOSED' });
}
