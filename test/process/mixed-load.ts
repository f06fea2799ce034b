/**
 * A process with a mixed load on a store, which says on stdout what it begins and what was
 * acknowledged, until it is killed.
 *
 *     node mixed-load.js URL-OF-THE-PACKAGE
 *
 * It loads the package, then waits on stdin for its task. So a test can start it early, and the
 * moments that are worth a kill (opening, the load, closing) follow each other closely.
 *
 * Each lane has names of its own and does one thing at a time. So at any moment at most one change
 * of a name is not acknowledged, and what may be found after a kill is known exactly.
 *
 * Imports nothing but types and Node: it is compiled alone, see mixed-load-process.ts.
 */

import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bucket, UploadOptions, VersionEntry } from '../../src/index.ts';

/** What the process is to do, as one line of JSON on stdin. */
export interface LoadTask {
  readonly directory: string;
  readonly seed: number;
  /** After how long to close the store. Absent: never. */
  readonly closeAfterMs?: number;
}

/** A change of one name. */
export type LoadChange =
  | { readonly kind: 'put'; readonly sha256: string; readonly size: number }
  | { readonly kind: 'remove' }
  /** `place`: among the versions of the name, newest first. */
  | { readonly kind: 'purge'; readonly place: number };

/** What the process says, a line of JSON each. `done` is an acknowledgement. */
export type LoadReport =
  | { readonly step: 'loaded' | 'opening' | 'open' | 'closing' | 'closed' }
  | {
      readonly step: 'begin';
      readonly bucket: string;
      readonly name: string;
      readonly change: LoadChange;
    }
  | {
      readonly step: 'done';
      readonly bucket: string;
      readonly name: string;
      readonly version?: string | undefined;
    };

const laneCount = 8;
const namesPerLane = 4;
const versionsPerName = 6;
const poolBytes = 4 * 1024 * 1024;

/** Written at once and in order, so that a kill loses nothing that was acknowledged before it. */
function report(line: LoadReport): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

/** Random bytes, the same for the same seed. */
function randomBytes(seed: number, byteCount: number): Uint8Array {
  const key = createHash('sha256').update(`load ${seed}`).digest();
  return createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(byteCount));
}

/** Contents are pieces of one pool, the same for all tasks: so many share chunks. */
const pool = randomBytes(0, poolBytes);

class Lane {
  readonly #id: number;
  readonly #buckets: readonly Bucket[];
  readonly #random: Uint8Array;
  #drawn = 0;

  constructor(id: number, seed: number, buckets: readonly Bucket[]) {
    this.#id = id;
    this.#buckets = buckets;
    this.#random = randomBytes(seed * laneCount + id + 1, 65_536);
  }

  /** Does one thing after another until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#act(this.#pick(this.#buckets));
  }

  async #act(bucket: Bucket): Promise<void> {
    const name = this.#name();
    const versions: VersionEntry[] = [];
    for await (const version of bucket.versions({ name })) versions.push(version);
    const [newest] = versions;
    const isThere = newest?.isLatest === true && !newest.deleteMarker;
    const isVersioned = bucket === this.#buckets[0];
    const die = this.#below(100);
    if (isVersioned && newest !== undefined && (die < 15 || versions.length > versionsPerName)) {
      await this.#purge(bucket, name, versions, this.#below(versions.length));
    } else if (isThere && die < 30) {
      await this.#told(bucket, name, { kind: 'remove' }, () => bucket.remove(name));
    } else if (isThere && die < 40) {
      await this.#copy(bucket, name, this.#name());
    } else {
      await this.#upload(bucket, name);
    }
  }

  async #purge(
    bucket: Bucket,
    name: string,
    versions: readonly VersionEntry[],
    place: number,
  ): Promise<void> {
    const version = versions[place]?.version;
    const purge = { kind: 'purge', place } as const;
    await this.#told(bucket, name, purge, () => bucket.remove(name, { version }));
  }

  async #copy(bucket: Bucket, from: string, to: string): Promise<void> {
    const content = await bucket.download(from);
    await this.#told(bucket, to, putOf(content), () => bucket.copy(from, to));
  }

  async #upload(bucket: Bucket, name: string): Promise<void> {
    const content = this.#content();
    const durability = this.#below(3) === 0 ? 'os' : 'power';
    const options: UploadOptions = { durability, metadata: { lane: String(this.#id) } };
    await this.#told(bucket, name, putOf(content), () => bucket.upload(name, content, options));
  }

  async #told(
    bucket: Bucket,
    name: string,
    change: LoadChange,
    act: () => Promise<{ readonly version?: string } | void>,
  ): Promise<void> {
    const where = { bucket: bucket === this.#buckets[0] ? 'versioned' : 'plain', name };
    report({ step: 'begin', ...where, change });
    const done = await act();
    report({ step: 'done', ...where, version: done?.version });
  }

  /** Most are small, some go to a segment (more than 256 KiB), a few are empty. */
  #content(): Uint8Array {
    const die = this.#below(100);
    const sizeMax = die < 70 ? 4096 : die < 88 ? 200_000 : die < 98 ? 700_000 : 2_500_000;
    const size = die < 3 ? 0 : this.#below(sizeMax);
    const start = this.#below(2) === 0 ? this.#below(4) * 500_000 : this.#below(poolBytes - size);
    return pool.subarray(start, start + size);
  }

  #name(): string {
    return `${this.#id}/${this.#below(namesPerLane)}`;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }

  #below(limit: number): number {
    this.#drawn = (this.#drawn + 4) % this.#random.length;
    const view = new DataView(this.#random.buffer, this.#random.byteOffset + this.#drawn, 4);
    return view.getUint32(0) % limit;
  }
}

function putOf(content: Uint8Array): LoadChange {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { kind: 'put', sha256, size: content.length };
}

const [, , packageUrl = ''] = process.argv;
const { openStore } = (await import(packageUrl)) as typeof import('../../src/index.ts');
report({ step: 'loaded' });
const [line] = (await once(process.stdin, 'data')) as [Buffer];
process.stdin.destroy();
const task = JSON.parse(line.toString()) as LoadTask;

report({ step: 'opening' });
const store = await openStore(task.directory);
report({ step: 'open' });
let isOver = false;
const buckets = [store.bucket('versioned', { versioned: true }), store.bucket('plain')];
const lanes = Array.from({ length: laneCount }, (_, id) => new Lane(id, task.seed, buckets));
const running = Promise.all(lanes.map((lane) => lane.run(() => isOver)));
if (task.closeAfterMs !== undefined) {
  await Promise.race([running, delay(task.closeAfterMs)]);
  isOver = true;
}
await running;
report({ step: 'closing' });
await store.close();
report({ step: 'closed' });
