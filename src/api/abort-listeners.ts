/**
 * Listening to a signal that many operations share.
 *
 * One listener of its own on each signal, however many wait for it: a program that passes one
 * signal to a hundred uploads is right to do so, and Node warns of a leak from the eleventh
 * listener on. `AbortSignal.any` would do too, but on Node 20 it leaves something behind on a
 * long-lived signal each time it is called.
 *
 * @module
 */

interface Relay {
  readonly waiting: Set<() => void>;
  readonly notify: () => void;
}

const relays = new WeakMap<AbortSignal, Relay>();

/** Calls `listener` when the signal fires. Returns what takes it back; nothing is left then. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const relay = relays.get(signal) ?? newRelay();
  if (relay.waiting.size === 0) {
    relays.set(signal, relay);
    signal.addEventListener('abort', relay.notify);
  }
  relay.waiting.add(listener);
  return () => {
    relay.waiting.delete(listener);
    if (relay.waiting.size === 0) signal.removeEventListener('abort', relay.notify);
  };
}

function newRelay(): Relay {
  const waiting = new Set<() => void>();
  return {
    waiting,
    notify: () => {
      for (const listener of waiting) listener();
    },
  };
}
