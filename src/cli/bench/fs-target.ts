/**
 * Plain files as a target: one file for each record.
 *
 * What POSIX asks for, and what databases do: a new file beside, written and synced, renamed, and
 * then the folder is synced too, because a power cut may undo a rename that is not synced.
 *
 * @module
 */

import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { isSystemError } from '../exit-code.ts';
import { numberedVersions } from './numbered-versions.ts';
import type { Scanned, Target, StoreKind, TargetOptions } from './target.ts';
import { treeOfRecords } from './tree-of-records.ts';

export const fsKind: StoreKind = {
  name: 'fs',
  usage: {
    power: 'a new file, fdatasync, rename, fsync of its folder; a removal syncs the folder',
    os: 'a new file, rename, no sync',
  },
  version: () => Promise.resolve(`Node ${process.version}`),
  open: async (options) => {
    const target = new FsTarget(options);
    await target.prepare();
    return target;
  },
};

class FsTarget implements Target {
  readonly #objects: string;
  readonly #scratch: string;
  readonly #isSynced: boolean;
  /** Folders that are there, or on their way. */
  readonly #folders = new Map<string, Promise<void>>();
  readonly putVersion: Target['putVersion'];
  readonly getVersion: Target['getVersion'];
  readonly prepareTree: Target['prepareTree'];
  readonly getTree: Target['getTree'];
  #nextScratch = 0;

  constructor({ folder, durability }: TargetOptions) {
    this.#objects = join(folder, 'objects');
    this.#scratch = join(folder, 'scratch');
    this.#isSynced = durability === 'power';
    ({ putVersion: this.putVersion, getVersion: this.getVersion } = numberedVersions(this));
    ({ prepareTree: this.prepareTree, getTree: this.getTree } = treeOfRecords(this));
  }

  async prepare(): Promise<void> {
    await mkdir(this.#objects, { recursive: true });
    await mkdir(this.#scratch);
    await this.#sync(dirname(this.#objects));
  }

  put(name: string, content: Uint8Array): Promise<void> {
    return this.putStream(name, [content]);
  }

  async putStream(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    const path = join(this.#objects, name);
    await this.#makeFolder(dirname(path));
    const scratch = join(this.#scratch, String(this.#nextScratch++));
    const file = await open(scratch, 'wx');
    try {
      for (const piece of pieces) await file.writeFile(piece);
      if (this.#isSynced) await file.datasync();
    } finally {
      await file.close();
    }
    await rename(scratch, path);
    await this.#sync(dirname(path));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.#objects, name));
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async getRange(name: string, start: number, end: number): Promise<Uint8Array> {
    const file = await open(join(this.#objects, name));
    try {
      const buffer = Buffer.allocUnsafe(end - start);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async list(): Promise<string[]> {
    const entries = await readdir(this.#objects, { recursive: true, withFileTypes: true });
    const prefixLength = this.#objects.length + 1;
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(prefixLength))
      .sort();
  }

  async listFolder(folder: string): Promise<string[]> {
    const entries = await readdir(join(this.#objects, folder), { withFileTypes: true });
    return entries.map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`).sort();
  }

  async scanAfter(name: string, count: number): Promise<Scanned[]> {
    const names: string[] = [];
    for (const folder of await this.listFolder('')) {
      if (folder < name.slice(0, name.indexOf('/') + 1)) continue;
      names.push(...(await this.listFolder(folder)).filter((each) => each > name));
      if (names.length >= count) break;
    }
    return Promise.all(
      names.slice(0, count).map(async (each) => ({
        name: each,
        content: await readFile(join(this.#objects, each)),
      })),
    );
  }

  async remove(name: string): Promise<void> {
    const path = join(this.#objects, name);
    await unlink(path);
    await this.#sync(dirname(path));
  }

  async close(): Promise<void> {}

  #makeFolder(path: string): Promise<void> {
    const made = this.#folders.get(path) ?? this.#makeNewFolder(path);
    this.#folders.set(path, made);
    return made;
  }

  async #makeNewFolder(path: string): Promise<void> {
    await mkdir(path, { recursive: true });
    await this.#sync(dirname(path));
  }

  async #sync(folder: string): Promise<void> {
    if (!this.#isSynced) return;
    const handle = await open(folder);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
