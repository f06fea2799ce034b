/**
 * A bucket as it was: at a time, or just after the commit of a version.
 *
 * A view is a place to look from and holds nothing: no snapshot, no lock. History does not change,
 * so it needs none; but a version that is removed for good, and content with it, is gone from every
 * view.
 *
 * A time that lies ahead, or a version id not given out yet, shows what is current when it is
 * asked.
 *
 * Errors: `INVALID` if the bucket is not versioned, and those of the same methods of `Bucket`.
 *
 * @module
 */

import type { Point } from '../engine/model.ts';
import { invalidArgument, wrongType } from './checks.ts';
import { listObjectPage, listObjects } from './listing.ts';
import type {
  ListEntry,
  ListOptions,
  ListPage,
  ListPageOptions,
  ObjectAttrs,
  ViewDownloadOptions,
} from './options.ts';
import { readAttrs, readContent, readExists, streamContent } from './reading.ts';
import type { Scope } from './scope.ts';
import { decodeVersionId } from './version-id.ts';

/** A read-only bucket, as it was at a point. Made by `Bucket.at`; may read what its handle may. */
export class BucketView {
  readonly #scope: () => Scope;

  constructor(scope: () => Scope) {
    this.#scope = scope;
  }

  /** What `name` was at that point. See `Bucket.attrs`. */
  async attrs(name: string): Promise<ObjectAttrs> {
    return readAttrs(this.#scope(), name);
  }

  /** Whether `name` was there at that point. See `Bucket.exists`. */
  async exists(name: string): Promise<boolean> {
    return readExists(this.#scope(), name);
  }

  /** The content that `name` had at that point. See `Bucket.download`. */
  async download(name: string, options?: ViewDownloadOptions): Promise<Buffer> {
    return readContent(this.#scope(), name, options);
  }

  /** The content that `name` had at that point, as a stream. See `Bucket.downloadStream`. */
  downloadStream(name: string, options?: ViewDownloadOptions): ReadableStream<Uint8Array> {
    return streamContent(this.#scope(), name, options);
  }

  /** The objects that were there at that point. See `Bucket.list`. */
  list(options?: ListOptions): AsyncGenerator<ListEntry, void, undefined> {
    return listObjects(this.#scope(), options);
  }

  /** A page of the objects that were there at that point. See `Bucket.listPage`. */
  async listPage(options?: ListPageOptions): Promise<ListPage> {
    return listObjectPage(this.#scope(), options);
  }
}

/** The point that a caller means. Throws `INVALID` for a time or an id that cannot be. */
export function pointOf(point: Date | string): Point {
  if (typeof point === 'string') {
    const lsn = decodeVersionId(point);
    if (lsn === undefined) throw invalidArgument('point is no version id', { point });
    return { lsn };
  }
  if (!(point instanceof Date)) throw wrongType('point', 'a Date or a version id', point);
  const timeMs = point.getTime();
  if (Number.isNaN(timeMs)) throw invalidArgument('point is no valid date');
  return { timeMs };
}
