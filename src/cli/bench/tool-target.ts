/**
 * A program as a target: a process for each call, one after the other.
 *
 * What comes in and out as one sequence of bytes goes through a pipe; a tree lies in a folder of
 * its own, as its users have it. Their repositories are locked while they are written, so calls
 * wait for each other. The size on disk is that of the repository: trees that were laid out, and
 * what the program keeps elsewhere, are removed at the end.
 *
 * @module
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { programVersion } from './program.ts';
import type { RunTarget, Scanned, TargetOptions, ToolKind } from './target.ts';

/** What a program can do. A label names what was stored in one run; it is used once. */
export interface Tool {
  init(): Promise<void>;
  storeBytes(label: string, pieces: readonly Uint8Array[]): Promise<void>;
  loadBytes(label: string): Promise<Uint8Array>;
  storeTree(label: string, folder: string): Promise<void>;
  /** Into a folder that is there, and empty. */
  loadTree(label: string, folder: string): Promise<void>;
  /** What its documentation says to do every now and then. It is not timed. */
  tidy?(): Promise<void>;
}

/** Where a program works. Neither folder is there yet. */
export interface ToolPlaces extends Pick<TargetOptions, 'durability'> {
  readonly repository: string;
  /** What it keeps beside its repository: caches, lists. */
  readonly home: string;
}

/** Makes a target of a program. */
export function toolKind(options: {
  readonly name: string;
  readonly usage: ToolKind['usage'];
  /** What it is asked for its version. */
  readonly version: readonly string[];
  readonly open: (places: ToolPlaces) => Tool;
}): ToolKind {
  const { name, usage, version, open } = options;
  return {
    name,
    usage,
    isTool: true,
    version: async () => programVersion(name, ...version),
    open: async ({ folder, durability }) => {
      const places = { repository: join(folder, 'repository'), home: join(folder, 'home') };
      await mkdir(places.repository);
      await mkdir(places.home);
      const tool = open({ ...places, durability });
      await tool.init();
      return new ToolTarget(tool, folder);
    },
  };
}

class ToolTarget implements RunTarget {
  readonly #tool: Tool;
  readonly #folder: string;
  readonly #labels = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(tool: Tool, folder: string) {
    this.#tool = tool;
    this.#folder = folder;
  }

  putStream(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    return this.#store(labelOf(name), (label) => this.#tool.storeBytes(label, pieces));
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return this.#load(labelOf(name));
  }

  putVersion(name: string, version: number, content: Uint8Array): Promise<void> {
    return this.putStream(versionName(name, version), [content]);
  }

  getVersion(name: string, version: number): Promise<Uint8Array | undefined> {
    return this.get(versionName(name, version));
  }

  prepareTree(tree: string, files: readonly Scanned[]): () => Promise<void> {
    const source = join(this.#folder, 'trees', tree);
    for (const { name, content } of files) {
      const path = join(source, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return () => this.#store(labelOf(tree), (label) => this.#tool.storeTree(label, source));
  }

  getTree(tree: string): Promise<Scanned[]> {
    return this.#inTurn(async () => {
      const target = join(this.#folder, 'loaded');
      await mkdir(target);
      await this.#tool.loadTree(labelOf(tree), target);
      const files = await filesBelow(target);
      await rm(target, { recursive: true });
      return files;
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => this.#tool.tidy?.());
    for (const each of ['home', 'trees']) {
      rmSync(join(this.#folder, each), { recursive: true, force: true });
    }
  }

  #store(label: string, store: (label: string) => Promise<void>): Promise<void> {
    this.#labels.add(label);
    return this.#inTurn(() => store(label));
  }

  #load(label: string): Promise<Uint8Array | undefined> {
    if (!this.#labels.has(label)) return Promise.resolve(undefined);
    return this.#inTurn(() => this.#tool.loadBytes(label));
  }

  async #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** Names of archives and references must not have slashes. */
function labelOf(name: string): string {
  return name.replaceAll('/', '-');
}

function versionName(name: string, version: number): string {
  return `${name}-v${version}`;
}

async function filesBelow(folder: string): Promise<Scanned[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
  const read = async (name: string): Promise<Scanned> => {
    return { name, content: await readFile(join(folder, name)) };
  };
  return Promise.all(names.map(read));
}
