/**
 * Varve as a target: through its public API, with its defaults.
 *
 * @module
 */

import { type Bucket, ObjectNotFound, openStore, type Store } from '../../index.ts';
import { packageVersion } from '../package-version.ts';
import type { Durability, Scanned, Target, StoreKind, TargetOptions } from './target.ts';
import { treeOfRecords } from './tree-of-records.ts';

export const varveKind: StoreKind = {
  name: 'varve',
  usage: {
    power: "upload() with durability 'power', the default: one fdatasync for each group commit",
    os: "upload() with durability 'os': a sync every 100 ms, behind the answer",
  },
  version: () => Promise.resolve(packageVersion()),
  open: async ({ folder, durability }: TargetOptions) => {
    const store = await openStore(folder);
    return new VarveTarget(store, durability);
  },
};

class VarveTarget implements Target {
  readonly #store: Store;
  readonly #options: { readonly durability: Durability };
  readonly #bucket: Bucket;
  readonly #versioned: Bucket;
  readonly #versions = new Map<string, string>();
  readonly prepareTree: Target['prepareTree'];
  readonly getTree: Target['getTree'];

  constructor(store: Store, durability: Durability) {
    this.#store = store;
    this.#options = { durability };
    this.#bucket = store.bucket('bench');
    this.#versioned = store.bucket('bench-versions', { versioned: true });
    ({ prepareTree: this.prepareTree, getTree: this.getTree } = treeOfRecords(this));
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    await this.#bucket.upload(name, content, this.#options);
  }

  async putStream(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    await this.#bucket.upload(name, pieces, this.#options);
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return this.#bucket.download(name).catch(undefinedIfMissing);
  }

  getRange(name: string, start: number, end: number): Promise<Uint8Array> {
    return this.#bucket.download(name, { range: { start, end } });
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.#bucket.list()) names.push(name);
    return names;
  }

  async listFolder(folder: string): Promise<string[]> {
    const found: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await this.#bucket.listPage({ prefix: folder, delimiter: '/', pageToken });
      found.push(...page.prefixes, ...page.entries.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return found.sort();
  }

  async scanAfter(name: string, count: number): Promise<Scanned[]> {
    const reads: Promise<Scanned>[] = [];
    for await (const entry of this.#bucket.list({ startAfter: name, limit: count })) {
      reads.push(
        this.#bucket.download(entry.name).then((content) => ({ name: entry.name, content })),
      );
    }
    return Promise.all(reads);
  }

  remove(name: string): Promise<void> {
    return this.#bucket.remove(name);
  }

  async putVersion(name: string, version: number, content: Uint8Array): Promise<void> {
    const attrs = await this.#versioned.upload(name, content, this.#options);
    this.#versions.set(`${name}@${version}`, attrs.version as string);
  }

  getVersion(name: string, number: number): Promise<Uint8Array | undefined> {
    const version = this.#versions.get(`${name}@${number}`);
    return this.#versioned.download(name, { version }).catch(undefinedIfMissing);
  }

  async reclaim(): Promise<void> {
    await this.#store.compact();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (!(error instanceof ObjectNotFound)) throw error;
}
