/**
 * LevelDB as a target: the package `level`, which Varve's index rests on too.
 *
 * @module
 */

import { createRequire } from 'node:module';
import { Level } from 'level';
import { listFolderBySeeking } from './folder-listing.ts';
import { numberedVersions } from './numbered-versions.ts';
import type { Scanned, Target, StoreKind, TargetOptions } from './target.ts';
import { treeOfRecords } from './tree-of-records.ts';

export const levelKind: StoreKind = {
  name: 'level',
  usage: {
    power: 'put() with { sync: true }; ranges read the whole value; streams are gathered first',
    os: 'put() as it is, without sync; ranges read the whole value; streams are gathered first',
  },
  version: () => {
    const { version } = createRequire(import.meta.url)('level/package.json') as { version: string };
    return Promise.resolve(`level ${version}`);
  },
  open: async ({ folder, durability }: TargetOptions) => {
    const database = new Level<string, Uint8Array>(folder, {
      keyEncoding: 'utf8',
      valueEncoding: 'view',
    });
    await database.open();
    return new LevelTarget(database, durability === 'power');
  },
};

interface Compactable {
  compactRange(start: string, end: string): Promise<void>;
}

class LevelTarget implements Target {
  readonly #database: Level<string, Uint8Array>;
  readonly #options: { readonly sync: boolean };
  readonly putVersion: Target['putVersion'];
  readonly getVersion: Target['getVersion'];
  readonly prepareTree: Target['prepareTree'];
  readonly getTree: Target['getTree'];

  constructor(database: Level<string, Uint8Array>, sync: boolean) {
    this.#database = database;
    this.#options = { sync };
    ({ putVersion: this.putVersion, getVersion: this.getVersion } = numberedVersions(this));
    ({ prepareTree: this.prepareTree, getTree: this.getTree } = treeOfRecords(this));
  }

  put(name: string, content: Uint8Array): Promise<void> {
    return this.#database.put(name, content, this.#options);
  }

  putStream(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    return this.put(name, Buffer.concat(pieces));
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return this.#database.get(name);
  }

  async getRange(name: string, start: number, end: number): Promise<Uint8Array> {
    const content = await this.get(name);
    return (content ?? new Uint8Array()).subarray(start, end);
  }

  list(): Promise<string[]> {
    return this.#database.keys().all();
  }

  listFolder(folder: string): Promise<string[]> {
    return listFolderBySeeking(folder, async (gte, lt) => {
      const [name] = await this.#database.keys({ gte, lt, limit: 1 }).all();
      return name;
    });
  }

  async scanAfter(name: string, count: number): Promise<Scanned[]> {
    const rows = await this.#database.iterator({ gt: name, limit: count }).all();
    return rows.map(([key, content]) => ({ name: key, content }));
  }

  remove(name: string): Promise<void> {
    return this.#database.del(name, this.#options);
  }

  async reclaim(): Promise<void> {
    // Only the back-end in folders has it, so the types of `level` do not.
    const { compactRange } = this.#database as unknown as Compactable;
    await compactRange.call(this.#database, '\0', '\u007f');
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
