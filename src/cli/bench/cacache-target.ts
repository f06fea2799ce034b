/**
 * npm's cache as a target: the package `cacache`, if it is installed.
 *
 * It checks content on reading as Varve does, and keeps equal content once. It syncs nothing and
 * has no option for it; its listing reads its whole index.
 *
 * @module
 */

import { pipeline } from 'node:stream/promises';
import { numberedVersions } from './numbered-versions.ts';
import { loadPackage } from './optional-package.ts';
import type { Scanned, Target, StoreKind, TargetOptions } from './target.ts';
import { treeOfRecords } from './tree-of-records.ts';

/** What is used of `cacache`. */
interface CacacheModule {
  readonly put: {
    (cache: string, key: string, content: Uint8Array): Promise<unknown>;
    stream(cache: string, key: string): NodeJS.WritableStream;
  };
  get(cache: string, key: string): Promise<{ readonly data: Uint8Array }>;
  ls(cache: string): Promise<Record<string, unknown>>;
  readonly rm: {
    entry(cache: string, key: string): Promise<unknown>;
  };
  verify(cache: string): Promise<unknown>;
}

const shared = 'ranges read the whole value; a listing reads the whole index';

export const cacacheKind: StoreKind = {
  name: 'cacache',
  usage: {
    power: `it cannot do this: NOTHING IS SYNCED, so its puts promise less; ${shared}`,
    os: `put(), which syncs nothing; ${shared}`,
  },
  version: async () => (await loadPackage<CacacheModule>('cacache')).version,
  open: async ({ folder }: TargetOptions) => {
    const { module } = await loadPackage<CacacheModule>('cacache');
    return new CacacheTarget(module, folder);
  },
};

class CacacheTarget implements Target {
  readonly #cacache: CacacheModule;
  readonly #folder: string;
  readonly putVersion: Target['putVersion'];
  readonly getVersion: Target['getVersion'];
  readonly prepareTree: Target['prepareTree'];
  readonly getTree: Target['getTree'];

  constructor(cacache: CacacheModule, folder: string) {
    this.#cacache = cacache;
    this.#folder = folder;
    ({ putVersion: this.putVersion, getVersion: this.getVersion } = numberedVersions(this));
    ({ prepareTree: this.prepareTree, getTree: this.getTree } = treeOfRecords(this));
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    await this.#cacache.put(this.#folder, name, content);
  }

  async putStream(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    await pipeline(pieces, this.#cacache.put.stream(this.#folder, name));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    try {
      return (await this.#cacache.get(this.#folder, name)).data;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async getRange(name: string, start: number, end: number): Promise<Uint8Array> {
    return ((await this.get(name)) ?? new Uint8Array()).subarray(start, end);
  }

  async list(): Promise<string[]> {
    return Object.keys(await this.#cacache.ls(this.#folder)).sort();
  }

  async listFolder(folder: string): Promise<string[]> {
    const names = (await this.list()).filter((name) => name.startsWith(folder));
    const entries = names.map((name) => {
      const slash = name.indexOf('/', folder.length);
      return slash < 0 ? name : name.slice(0, slash + 1);
    });
    return [...new Set(entries)];
  }

  async scanAfter(name: string, count: number): Promise<Scanned[]> {
    const names = (await this.list()).filter((each) => each > name).slice(0, count);
    const read = async (each: string): Promise<Scanned> => {
      const { data } = await this.#cacache.get(this.#folder, each);
      return { name: each, content: data };
    };
    return Promise.all(names.map(read));
  }

  async remove(name: string): Promise<void> {
    await this.#cacache.rm.entry(this.#folder, name);
  }

  /** Takes away content that no entry names any more, and reads the rest. */
  async reclaim(): Promise<void> {
    await this.#cacache.verify(this.#folder);
  }

  async close(): Promise<void> {}
}
