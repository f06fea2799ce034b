/**
 * What the index is kept in, as the index sees it: a port, with the part of LevelDB that is used.
 *
 * LevelDB itself enters by `engine/index/database.ts`. The port is here so that a simulated one can
 * stand in and lose, keep and mix up what it was given in every way that LevelDB was seen to
 * (docs/durability.md, part 8). Names and shapes are those of `level`.
 *
 * @module
 */

/** Rows in bytewise order of keys. */
export interface KeyValueStore {
  readonly supports: { readonly getSync?: boolean };
  /** Opens it, or makes it where it is missing. */
  open(): Promise<void>;
  close(): Promise<void>;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getSync(key: Uint8Array): Uint8Array | undefined;
  batch(): KeyValueBatch;
  iterator(range: KeyValueRange): KeyValueIterator;
  /** Where it lies in memory alone there is nothing to write out. */
  compactRange?(start: Uint8Array, end: Uint8Array): Promise<void>;
}

/**
 * Changes that are made together or not at all, in order. It takes copies: what it was given may
 * change as soon as the call has returned.
 */
export interface KeyValueBatch {
  put(key: Uint8Array, value: Uint8Array): unknown;
  del(key: Uint8Array): unknown;
  write(options: { readonly sync: boolean }): Promise<void>;
}

/** Keys from `gte` on, before `lt`. */
export interface KeyValueRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
  readonly reverse: boolean;
  readonly highWaterMarkBytes: number;
}

export interface KeyValueIterator {
  /** The next rows, at most so many; none at the end. */
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
  /** Moves to a key, or to the next behind it: in reverse, the next before it. */
  seek(key: Uint8Array): void;
  close(): Promise<void>;
}

/** Gives the store that lies in a folder, not opened yet. */
export type KeyValueStoreIn = (directory: string) => KeyValueStore;
