/**
 * Short lives of a store, which together make every call that the engine makes of its disk. Each is
 * short because it is lived once for each of those calls.
 *
 * @module
 */

import { concatBytes } from '../../src/base/bytes.ts';
import { editedText, generatedBytes, generatedText } from '../support/content.ts';
import type { WatchedStore } from './watched-store.ts';

/** A life: what came before it, on a disk that is well, and what meets the failure. */
export interface FaultyLife {
  readonly name: string;
  readonly before: (store: WatchedStore) => Promise<void>;
  readonly live: (store: WatchedStore) => Promise<void>;
}

const empty = new Uint8Array(0);
const small = generatedBytes(1, 100);
const text = generatedText(2, 300);
/** A tree of chunks, in the journal. */
const middling = generatedBytes(3, 1500);
/** More than goes into the journal: it goes to a segment. */
const large = generatedBytes(4, 5000);
const edited = concatBytes([large.subarray(0, 3000), small, large.subarray(3000)]);

async function nothing(): Promise<void> {}

/** Everything that a store begins with. */
async function someObjects(store: WatchedStore): Promise<void> {
  await store.open();
  await store.upload('kept', 'a', small);
  await store.upload('kept', 'a', text);
  await store.upload('plain', 'b', middling);
  await store.upload('plain', 'c', large);
}

/** Opening is tried again: what failed once may be well now. */
async function openAtLast(store: WatchedStore): Promise<void> {
  await store.open();
  await store.open();
}

export const faultyLives: readonly FaultyLife[] = [
  {
    name: 'a new store',
    before: nothing,
    live: async (store) => {
      await openAtLast(store);
      await store.upload('kept', 'a', small);
      await store.upload('plain', 'b', text, 'os');
      await store.list();
      await store.sync();
      await store.close();
      await openAtLast(store);
      await store.read('plain', 'b');
    },
  },
  {
    name: 'content of every size',
    before: async (store) => {
      await someObjects(store);
      await store.close();
    },
    live: async (store) => {
      await openAtLast(store);
      await store.upload('plain', 'empty', empty);
      await store.upload('kept', 'a', editedText(2, 300, 1));
      await store.upload('plain', 'large', edited);
      await store.upload('kept', 'same', large);
      await store.upload('plain', 'soon', small, 'os');
      await store.copy('plain', 'large', 'copy');
      await store.read('plain', 'large');
      await store.read('plain', 'c');
      await store.list();
      await store.close();
    },
  },
  {
    name: 'uploads side by side',
    before: nothing,
    live: async (store) => {
      await openAtLast(store);
      await Promise.all([
        store.upload('plain', 'a', large),
        store.upload('plain', 'b', edited),
        store.upload('plain', 'c', small),
        store.upload('plain', 'd', text, 'os'),
      ]);
      await Promise.all([store.read('plain', 'a'), store.read('plain', 'b'), store.list()]);
      await store.close();
    },
  },
  {
    name: 'removals',
    before: async (store) => {
      await someObjects(store);
      await store.close();
    },
    live: async (store) => {
      await openAtLast(store);
      await store.remove('plain', 'c');
      await store.purge('a');
      await store.upload('plain', 'b', small);
      await store.stats();
      await store.compact();
      await store.upload('plain', 'c', large);
      await store.compact({ optimize: true });
      await store.read('plain', 'c');
      await store.list();
      await store.close();
    },
  },
  {
    name: 'opening after a crash',
    before: async (store) => {
      await someObjects(store);
      await store.close();
      await store.open();
      await store.upload('plain', 'soon', middling, 'os');
      await store.upload('plain', 'sooner', large, 'os');
    },
    live: async (store) => {
      await openAtLast(store);
      await store.read('plain', 'soon');
      await store.upload('plain', 'd', text);
      await store.close();
      await openAtLast(store);
      await store.upload('plain', 'e', small);
      await store.read('plain', 'sooner');
      await store.close();
    },
  },
  {
    name: 'verify and backup',
    before: async (store) => {
      await someObjects(store);
      await store.close();
    },
    live: async (store) => {
      await openAtLast(store);
      await store.upload('plain', 'large', edited);
      await store.verify();
      await store.backup('/backup');
      await store.backup('/backup-again');
      await store.read('plain', 'c');
      await store.close();
    },
  },
];
