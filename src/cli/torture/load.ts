/**
 * A mixed load on a store: small and large uploads, overwriting, removing, purging, copying,
 * restoring, compacting, eight at a time, until somebody says that it is over.
 *
 * Each lane has names of its own and does one thing at a time. So at any moment at most one change
 * of a name is not acknowledged, and what may be found after a kill is known exactly.
 *
 * @module
 */

import type { Bucket, Store, UploadOptions, VersionEntry } from '../../index.ts';
import { seededBytes, sha256Of } from './content.ts';
import type { LoadBucket, LoadChange, LoadReport } from './load-report.ts';

const laneCount = 8;
const namesPerLane = 4;
const versionsPerName = 6;
const poolBytes = 4 * 1024 * 1024;

/** Contents are pieces of one pool, the same for all tasks: so many share chunks. */
const pool = seededBytes(0, poolBytes);

/** Loads the store until `isOver`. Every change is told before it is begun and after it is done. */
export async function runLoad(options: {
  readonly store: Store;
  readonly seed: number;
  readonly tell: (report: LoadReport) => void;
  readonly isOver: () => boolean;
}): Promise<void> {
  const { isOver } = options;
  const lanes = Array.from({ length: laneCount }, (_, id) => new Lane(id, options));
  await Promise.all(lanes.map((lane) => lane.run(isOver)));
}

class Lane {
  readonly #id: number;
  readonly #store: Store;
  readonly #buckets: Readonly<Record<LoadBucket, Bucket>>;
  readonly #tell: (report: LoadReport) => void;
  readonly #random: Uint8Array;
  #drawn = 0;

  constructor(
    id: number,
    options: {
      readonly store: Store;
      readonly seed: number;
      readonly tell: (report: LoadReport) => void;
    },
  ) {
    const { store, seed, tell } = options;
    this.#id = id;
    this.#store = store;
    this.#buckets = {
      plain: store.bucket('plain'),
      versioned: store.bucket('versioned', { versioned: true }),
    };
    this.#tell = tell;
    this.#random = seededBytes(seed * laneCount + id + 1, 65_536);
  }

  /** Does one thing after another until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#act(this.#below(2) === 0 ? 'plain' : 'versioned');
  }

  async #act(bucketName: LoadBucket): Promise<void> {
    const bucket = this.#buckets[bucketName];
    const name = this.#name();
    const versions: VersionEntry[] = [];
    for await (const version of bucket.versions({ name })) versions.push(version);
    const [newest] = versions;
    const isThere = newest?.isLatest === true && !newest.deleteMarker;
    const isVersioned = bucketName === 'versioned';
    const die = this.#below(100);
    if (isVersioned && newest !== undefined && (die < 15 || versions.length > versionsPerName)) {
      await this.#purge(name, versions, this.#below(versions.length));
    } else if (isThere && die < 30) {
      await this.#told(bucketName, name, { kind: 'remove' }, () => bucket.remove(name));
    } else if (isThere && die < 40) {
      await this.#copy(bucketName, name, this.#name());
    } else if (isVersioned && die < 45 && versions.some((version) => !version.deleteMarker)) {
      await this.#restore(name, versions);
    } else if (die < 47) {
      // No change, but a promise about all of them; and its files are written like any others.
      await this.#store.sync();
    } else if (die < 48) {
      await this.#store.compact({ optimize: this.#below(2) === 0 });
    } else {
      await this.#upload(bucketName, name);
    }
  }

  async #purge(name: string, versions: readonly VersionEntry[], place: number): Promise<void> {
    const version = versions[place]?.version;
    await this.#told('versioned', name, { kind: 'purge', place }, () =>
      this.#buckets.versioned.remove(name, { version }),
    );
  }

  async #copy(bucketName: LoadBucket, from: string, to: string): Promise<void> {
    const bucket = this.#buckets[bucketName];
    const content = await bucket.download(from);
    await this.#told(bucketName, to, putOf(content), () => bucket.copy(from, to));
  }

  async #restore(name: string, versions: readonly VersionEntry[]): Promise<void> {
    const bucket = this.#buckets.versioned;
    const [old] = versions.filter((version) => !version.deleteMarker).slice(-1);
    const version = old?.version ?? '';
    const content = await bucket.download(name, { version });
    await this.#told('versioned', name, putOf(content), () => bucket.restore(name, version));
  }

  async #upload(bucketName: LoadBucket, name: string): Promise<void> {
    const content = this.#content();
    const durability = this.#below(3) === 0 ? 'os' : 'power';
    const options: UploadOptions = { durability, metadata: { lane: String(this.#id) } };
    await this.#told(
      bucketName,
      name,
      putOf(content),
      () => this.#buckets[bucketName].upload(name, content, options),
      durability,
    );
  }

  async #told(
    bucket: LoadBucket,
    name: string,
    change: LoadChange,
    act: () => Promise<{ readonly version?: string } | void>,
    durability?: 'power' | 'os',
  ): Promise<void> {
    this.#tell({ step: 'begin', bucket, name, change });
    const done = await act();
    this.#tell({ step: 'done', bucket, name, version: done?.version, durability });
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

  #below(limit: number): number {
    this.#drawn = (this.#drawn + 4) % this.#random.length;
    const view = new DataView(this.#random.buffer, this.#random.byteOffset + this.#drawn, 4);
    return view.getUint32(0) % limit;
  }
}

function putOf(content: Uint8Array): LoadChange {
  return { kind: 'put', sha256: sha256Of(content), size: content.length };
}
