/**
 * What a benchmark drives: Varve, or another store behind the same few calls.
 *
 * An adapter uses its store as that store's own documentation recommends for the durability that is
 * asked for, and says how in {@link TargetKind.usage}, which every report prints. What a store
 * cannot do it does not fake: where it has no ranges it reads the whole, and says so.
 *
 * There are two kinds. A store in this process does everything. A tool is a program, started for
 * each call: it can do what takes a whole run (a tree, a stream, a version), and is not asked for
 * 4 KiB thousands of times, which nobody uses it for.
 *
 * Names are ASCII, so that all targets sort them alike.
 *
 * @module
 */

/** `'power'`: a put that is answered survives a power cut. `'os'`: it survives the process. */
export type Durability = 'power' | 'os';

/** A record that a scan found. */
export interface Scanned {
  readonly name: string;
  readonly content: Uint8Array;
}

/** What stores and tools can do. Calls may overlap. */
export interface RunTarget {
  putStream(name: string, pieces: readonly Uint8Array[]): Promise<void>;
  /** `undefined` if there is no such record. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Stores a further version of a name, and keeps those before. Versions count from 0. */
  putVersion(name: string, version: number, content: Uint8Array): Promise<void>;
  getVersion(name: string, version: number): Promise<Uint8Array | undefined>;
  /** Lays out a tree of files, off the clock. What it returns stores them all, in one run. */
  prepareTree(tree: string, files: readonly Scanned[]): () => Promise<void>;
  /** All files of a tree, sorted by their names in it. */
  getTree(tree: string): Promise<Scanned[]>;
  close(): Promise<void>;
}

/** An open store. */
export interface Target extends RunTarget {
  put(name: string, content: Uint8Array): Promise<void>;
  /** The bytes from `start` on, before `end`, of a record that is there. */
  getRange(name: string, start: number, end: number): Promise<Uint8Array>;
  /** All names, sorted. */
  list(): Promise<string[]>;
  /** What lies directly in a folder (`''` or `a/`), sorted. Folders in it end with a slash. */
  listFolder(folder: string): Promise<string[]>;
  /** Up to `count` records behind a name, in order. */
  scanAfter(name: string, count: number): Promise<Scanned[]>;
  remove(name: string): Promise<void>;
  /** Gives back the space of what was removed. Absent if the store has no such call. */
  reclaim?(): Promise<void>;
}

/** How an adapter is opened. */
export interface TargetOptions {
  /** Empty, and for this target alone. */
  readonly folder: string;
  readonly durability: Durability;
}

interface Kind<T> {
  readonly name: string;
  /** How it is used, for each durability: one sentence for the report. */
  readonly usage: Readonly<Record<Durability, string>>;
  /** Which version of it is here. Throws {@link TargetMissing} if none is. */
  version(): Promise<string>;
  open(options: TargetOptions): Promise<T>;
}

/** A store that can be benchmarked. */
export interface StoreKind extends Kind<Target> {
  readonly isTool?: never;
}

/** A program that can be. */
export interface ToolKind extends Kind<RunTarget> {
  readonly isTool: true;
}

export type TargetKind = StoreKind | ToolKind;

/** A store cannot be had here. The message says how to get it. */
export class TargetMissing extends Error {
  override readonly name = 'TargetMissing';
}
