/**
 * A short load that is the same each time, for a process whose system calls are counted and failed.
 *
 *     node traced-load.mjs URL-OF-DIST DIRECTORY
 *
 * It makes a store, changes it in every way, compacts it, closes it, and opens it again. What is
 * refused is reported with what its code promises, and the load goes on: after a failure the store
 * is closed and opened again, as the messages say. Anything but an error of the store's own ends
 * the process with its story.
 *
 * Imports nothing but types and Node: it is compiled alone, see injected-calls.ts.
 */

import { writeSync } from 'node:fs';
import type { LoadBucket, LoadChange, LoadReport } from '../../src/cli/torture/load-report.ts';
import type { ObjectAttrs, Store } from '../../src/index.ts';

const [, , distUrl = '', directory = ''] = process.argv;
const { openStore, ObjectsError } = (await import(
  `${distUrl}/index.js`
)) as typeof import('../../src/index.ts');
const { seededBytes, sha256Of } = (await import(
  `${distUrl}/cli/torture/content.js`
)) as typeof import('../../src/cli/torture/content.ts');

function tell(report: LoadReport): void {
  writeSync(1, `${JSON.stringify(report)}\n`);
}

/** Whether this is an answer of the store, and not a bug. */
function told(error: unknown): InstanceType<typeof ObjectsError> {
  if (!(error instanceof ObjectsError)) throw error;
  tell({ step: 'failed', code: error.code, message: error.message });
  return error;
}

class Load {
  readonly #store: Store;
  /** Something was refused: from here on the store may refuse everything. */
  hasFailed = false;

  constructor(store: Store) {
    this.#store = store;
  }

  async put(bucket: LoadBucket, name: string, seed: number, size: number): Promise<void> {
    const content = seededBytes(seed, size);
    const change = { kind: 'put', sha256: sha256Of(content), size } as const;
    const durability = seed % 3 === 0 ? 'os' : 'power';
    const upload = (): Promise<ObjectAttrs> =>
      this.#bucket(bucket).upload(name, content, { durability });
    await this.change(bucket, name, change, upload);
  }

  async remove(bucket: LoadBucket, name: string): Promise<void> {
    await this.change(bucket, name, { kind: 'remove' }, () => this.#bucket(bucket).remove(name));
  }

  async change(
    bucket: LoadBucket,
    name: string,
    change: LoadChange,
    act: () => Promise<ObjectAttrs | void>,
  ): Promise<void> {
    tell({ step: 'begin', bucket, name, change });
    try {
      const done = await act();
      tell({ step: 'done', bucket, name, version: done?.version });
    } catch (error) {
      this.hasFailed = true;
      const { code } = told(error);
      // What was to be changed is not there, because making it was refused before.
      if (code !== 'INDETERMINATE') tell({ step: 'undone', bucket, name });
    }
  }

  async attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.hasFailed = true;
      told(error);
    }
  }

  /** Every kind of change, small and large, one at a time and together. */
  async run(seed: number): Promise<void> {
    await this.put('plain', 'small', seed, 4000);
    await Promise.all([
      this.put('plain', 'together-1', seed + 1, 100),
      this.put('plain', 'together-2', seed + 2, 30_000),
      this.put('versioned', 'old', seed + 3, 2000),
    ]);
    await this.put('plain', 'large', seed + 4, 700_000);
    await this.put('versioned', 'old', seed + 5, 0);
    await this.put('plain', 'small', seed + 6, 5000);
    await this.remove('plain', 'large');
    await this.remove('versioned', 'old');
    await this.attempt(() => this.#store.compact());
    await this.put('versioned', 'old', seed + 7, 3000);
    await this.attempt(() => this.#store.sync());
    await this.put('plain', 'last', seed + 9, 1000);
    await this.attempt(async () => {
      for await (const entry of this.#bucket('plain').list()) {
        await this.#bucket('plain').download(entry.name);
      }
    });
  }

  #bucket(bucket: LoadBucket): ReturnType<Store['bucket']> {
    return this.#store.bucket(bucket, { versioned: bucket === 'versioned' });
  }
}

/** Opens the store, runs the load, closes the store. */
async function live(seed: number): Promise<void> {
  let store: Store;
  tell({ step: 'opening' });
  try {
    store = await openStore(directory);
  } catch (error) {
    told(error);
    return;
  }
  tell({ step: 'open' });
  const load = new Load(store);
  await load.run(seed);
  tell({ step: 'closing' });
  await load.attempt(() => store.close());
  tell({ step: 'closed' });
}

await live(100);
await live(200);
