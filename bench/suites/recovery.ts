/**
 * What does opening cost after a crash, and what without an index?
 *
 * The floor reads the journal. Opening after a crash replays what came after the last checkpoint,
 * whatever the size of the store; without an index all of it is replayed.
 *
 * @module
 */

import { closeSync, openSync, readSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointOperations } from '../../src/base/limits.ts';
import { openStore, type Store } from '../../src/index.ts';
import { copyStore, makeCrashedStore, type CrashedStore } from '../crashed-store.ts';
import type { Case, Suite } from '../harness.ts';

const fullObjects = 100_000;
const smokeObjects = 512;

/** Nearly the most that can be left to replay, as a checkpoint comes after so many operations. */
const fullTail = checkpointOperations - 1024;
const smokeTail = 256;

export const recovery: Suite = {
  name: 'recovery',
  question: 'what does it cost to open a store after a crash, and without its index?',
  async open(scale, directory, sizes) {
    const isFull = scale === 'full';
    const objects = sizes?.objects ?? (isFull ? fullObjects : smokeObjects);
    const tail = isFull ? fullTail : smokeTail;
    const crashed = await makeCrashedStore(directory, objects, tail);
    const opening = new Opening(crashed, join(directory, 'opened'));
    return {
      floor: {
        name: 'read the journal',
        work: { entries: crashed.objects },
        check: 'read',
        samples: 4,
        run: () => readJournal(crashed.directory),
      },
      cases: [opening.case('open after a crash', true), opening.case('open without index/', false)],
      close: () => opening.close(),
    };
  },
};

/** A store that is opened again and again, each time a copy of the same. */
class Opening {
  readonly #crashed: CrashedStore;
  readonly #directory: string;
  #store: Store | undefined;

  constructor(crashed: CrashedStore, directory: string) {
    this.#crashed = crashed;
    this.#directory = directory;
  }

  case(name: string, withIndex: boolean): Case {
    const { objects, sinceCheckpoint, tailBytes } = this.#crashed;
    const tail = `${sinceCheckpoint} of ${objects} objects`;
    return {
      name,
      work: { entries: withIndex ? sinceCheckpoint : objects },
      check: `${objects} objects`,
      samples: 2,
      prepare: async () => {
        await this.close();
        rmSync(this.#directory, { recursive: true, force: true });
        copyStore(this.#crashed.directory, this.#directory);
        if (!withIndex) rmSync(join(this.#directory, 'index'), { recursive: true });
      },
      run: async () => {
        this.#store = await openStore(this.#directory, { mustExist: true });
        return `${(await this.#store.stats()).objects} objects`;
      },
      conclude: () =>
        withIndex
          ? `${name}: ${tail} are behind the last checkpoint, ${tailBytes} bytes of journal`
          : `${name}: ${objects} versions`,
    };
  }

  async close(): Promise<void> {
    await this.#store?.close();
    this.#store = undefined;
  }
}

function readJournal(store: string): string {
  const folder = join(store, 'journal');
  const buffer = new Uint8Array(1024 * 1024);
  for (const name of readdirSync(folder)) {
    const file = openSync(join(folder, name), 'r');
    while (readSync(file, buffer) > 0);
    closeSync(file);
  }
  return 'read';
}
