/**
 * A bucket, the obvious way: for each name a list of versions, newest first. What the real one must
 * agree with.
 *
 * It knows nothing of chunks, logs, indexes or pages, and keeps everything in memory. Version ids
 * are those that the real bucket gave out; the order of versions is counted here.
 *
 * @module
 */

import { compareNames } from '../contract/bucket/target.ts';

export interface ModelVersion {
  /** Its place in the order of commits. */
  readonly order: number;
  /** The real bucket's id, where it told one. */
  readonly id: string | undefined;
  /** `undefined`: a delete marker. */
  readonly content: Uint8Array | undefined;
}

export class BucketModel {
  readonly #versioned: boolean;
  readonly #names = new Map<string, ModelVersion[]>();
  #order = 0;

  constructor(versioned: boolean) {
    this.#versioned = versioned;
  }

  /** The content of a name now, or just after a commit. */
  current(name: string, order: number = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    return this.history(name).find((version) => version.order <= order)?.content;
  }

  /** All versions of a name, newest first. */
  history(name: string): readonly ModelVersion[] {
    return this.#names.get(name) ?? [];
  }

  /** Names that have a current version now, or had just after a commit. */
  list(order?: number): string[] {
    return this.namesWithHistory().filter((name) => this.current(name, order) !== undefined);
  }

  /** Names that have any version. */
  namesWithHistory(): string[] {
    return [...this.#names.keys()].sort(compareNames);
  }

  /** Every version that has an id, of all names. */
  identified(): ModelVersion[] {
    return [...this.#names.values()].flat().filter(({ id }) => id !== undefined);
  }

  /** Counts and sizes as `stats()` has them. */
  totals(): { objects: number; versions: number; deleteMarkers: number; logicalBytes: number } {
    const all = [...this.#names.values()].flat();
    const contents = all.flatMap(({ content }) => (content === undefined ? [] : [content]));
    return {
      objects: this.list().length,
      versions: contents.length,
      deleteMarkers: all.length - contents.length,
      logicalBytes: contents.reduce((sum, { length }) => sum + length, 0),
    };
  }

  /** A new current version. */
  put(name: string, content: Uint8Array, id: string | undefined): void {
    this.#add(name, content, id);
  }

  /** Whether there was something to remove. */
  remove(name: string): boolean {
    if (this.current(name) === undefined) return false;
    if (this.#versioned) this.#add(name, undefined, undefined);
    else this.#names.delete(name);
    return true;
  }

  /** Takes one version out of a history. */
  purge(name: string, version: ModelVersion): void {
    const rest = this.history(name).filter((other) => other !== version);
    if (rest.length === 0) this.#names.delete(name);
    else this.#names.set(name, rest);
  }

  #add(name: string, content: Uint8Array | undefined, id: string | undefined): void {
    const before = this.#versioned ? this.history(name) : [];
    this.#names.set(name, [{ order: this.#order++, id, content }, ...before]);
  }
}
