/**
 * The store of buckets that name none: one in a process, opened by the first operation.
 *
 * It lies in the folder that the environment variable `VARVE_STORE` names, else in `.varve` under
 * the current directory. It lies in memory if `VARVE_STORE` is `memory`, and in tests (`NODE_ENV`
 * is `test`) unless `VARVE_STORE` names a folder. The environment is read when the store is opened,
 * so a program may set it in its first lines.
 *
 * Nobody closes it, so it closes itself when the process has nothing left to do. A process that is
 * killed, or calls `process.exit`, skips that; nothing acknowledged is lost then, and opening takes
 * a moment longer. If something uses it after all, it opens again.
 *
 * @module
 */

import type { StoreLocation } from './options.ts';
import { openSession } from './open.ts';
import type { Session } from './session.ts';

let current: Session | undefined;

/** The session of the default store. Opens nothing yet. */
export function defaultSession(): Session {
  if (current === undefined || current.closing.aborted) {
    const session = openSession(defaultLocation(), {}, current?.close());
    process.once('beforeExit', () => {
      // A failure is left unhandled on purpose: it must reach somebody, and there is nobody else.
      void session.close();
    });
    current = session;
  }
  return current;
}

function defaultLocation(): StoreLocation {
  const { VARVE_STORE: store = '', NODE_ENV: mode } = process.env;
  if (store === 'memory') return { memory: true };
  if (store !== '') return store;
  return mode === 'test' ? { memory: true } : '.varve';
}
