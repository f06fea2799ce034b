/**
 * The native half of the npm package `encore.dev`, as far as object storage goes, on Varve.
 *
 * The package loads whatever file the environment variable `ENCORE_RUNTIME_LIB` names by `require`.
 * With this file there, its buckets, unmodified, are buckets of Varve's default store. The names
 * and shapes are those of Encore's own native module (`internal/runtime/napi/napi.d.cts` in the
 * package): methods resolve with a value or with a `TypedObjectError`, which the package turns into
 * its error classes.
 *
 * CommonJS, because it is `require`d; the library itself is loaded by `import()` on first use,
 * because requiring an ES module warns on some releases of Node 20 and 22.
 *
 * Encore tells its runtime a bucket's name and nothing else, so one that is not there is made
 * without versioning. Make it beforehand (`varve mb --versioned`) to have its versions kept.
 *
 * Where this differs from Encore's module it gives more: content may be a stream, what is returned
 * is plain and JSON-safe, and a listing that fails to start rejects with Encore's error class.
 *
 * Errors: what is no object storage throws a plain `Error` that says so.
 *
 * @module
 */

import type * as varve from './index.ts' with { 'resolution-mode': 'import' };

type Library = typeof varve;

let library: Promise<Library> | undefined;

function loadLibrary(): Promise<Library> {
  library ??= import('./index.ts');
  return library;
}

/** Encore's numbers for what went wrong. */
const ObjectErrorKind = {
  NotFound: 0,
  PreconditionFailed: 1,
  InvalidArgument: 2,
  Other: 3,
  Internal: 4,
} as const;

type ErrorKind = (typeof ObjectErrorKind)[keyof typeof ObjectErrorKind];

const kindsOfCodes: Partial<Record<varve.ObjectsErrorCode, ErrorKind>> = {
  NOT_FOUND: ObjectErrorKind.NotFound,
  PRECONDITION_FAILED: ObjectErrorKind.PreconditionFailed,
  INVALID: ObjectErrorKind.InvalidArgument,
  CORRUPT: ObjectErrorKind.Internal,
  IO: ObjectErrorKind.Internal,
};

/** A failure as the package wants it: resolved with, not thrown. */
class TypedObjectError {
  readonly kind: ErrorKind;
  readonly message: string;

  constructor(kind: ErrorKind, message: string) {
    this.kind = kind;
    this.message = message;
  }
}

/** The bucket behind one of the package's. */
class Bucket {
  readonly #name: string;
  #bucket: varve.Bucket | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  object(name: string): BucketObject {
    return new BucketObject(this, name);
  }

  async list(options?: varve.ListOptions | null): Promise<ListIterator | TypedObjectError> {
    return this.use(async (bucket) => {
      const limit = toInteger('limit', options?.limit);
      const entries = bucket.list({
        ...(options?.prefix === undefined ? {} : { prefix: options.prefix }),
        // Encore's runtime takes a negative number for no limit.
        ...(limit === undefined || limit < 0 ? {} : { limit }),
      });
      return new ListIterator(entries, await entries.next());
    });
  }

  /** The bucket of Varve, once there is one. */
  get opened(): varve.Bucket | undefined {
    return this.#bucket;
  }

  /** Runs an operation; a failure that the store foresees becomes the value. */
  async use<T>(operation: (bucket: varve.Bucket) => Promise<T>): Promise<T | TypedObjectError> {
    const { Bucket: VarveBucket, ObjectsError } = await loadLibrary();
    try {
      this.#bucket ??= new VarveBucket(this.#name);
      return await operation(this.#bucket);
    } catch (error) {
      if (!(error instanceof ObjectsError)) throw error;
      return new TypedObjectError(kindsOfCodes[error.code] ?? ObjectErrorKind.Other, error.message);
    }
  }
}

/** One name in a bucket. */
class BucketObject {
  readonly #bucket: Bucket;
  readonly #name: string;

  constructor(bucket: Bucket, name: string) {
    this.#bucket = bucket;
    this.#name = name;
  }

  async attrs(options?: varve.VersionOptions | null): Promise<unknown> {
    return this.#bucket.use((bucket) => bucket.attrs(this.#name, options ?? {}));
  }

  async exists(options?: varve.VersionOptions | null): Promise<unknown> {
    return this.#bucket.use((bucket) => bucket.exists(this.#name, options ?? {}));
  }

  async upload(data: varve.Body, options?: varve.UploadOptions | null): Promise<unknown> {
    // Encore's runtime has copied a buffer when the call returns, and callers may count on it.
    const own = ArrayBuffer.isView(data)
      ? Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      : data;
    return this.#bucket.use((bucket) => bucket.upload(this.#name, own, options ?? {}));
  }

  async downloadAll(options?: varve.DownloadOptions | null): Promise<unknown> {
    return this.#bucket.use((bucket) => bucket.download(this.#name, options ?? {}));
  }

  async delete(options?: varve.VersionOptions | null): Promise<TypedObjectError | null> {
    const failure = await this.#bucket.use((bucket) => bucket.remove(this.#name, options ?? {}));
    return failure ?? null;
  }

  async signedUploadUrl(options?: varve.SignedUrlOptions | null): Promise<unknown> {
    return this.#bucket.use((bucket) => bucket.signedUploadUrl(this.#name, ttlOf(options)));
  }

  async signedDownloadUrl(options?: varve.SignedUrlOptions | null): Promise<unknown> {
    return this.#bucket.use((bucket) => bucket.signedDownloadUrl(this.#name, ttlOf(options)));
  }

  publicUrl(): string {
    // It must answer at once, and a bucket that was not used yet is not known to be public.
    if (this.#bucket.opened !== undefined) return this.#bucket.opened.publicUrl(this.#name);
    throw new Error('bucket is not public');
  }
}

/** The entries of a listing, of which the first was fetched to see whether it can start. */
class ListIterator {
  readonly #entries: AsyncGenerator<varve.ListEntry, void, undefined>;
  #first: IteratorResult<varve.ListEntry, void> | undefined;

  constructor(
    entries: AsyncGenerator<varve.ListEntry, void, undefined>,
    first: IteratorResult<varve.ListEntry, void>,
  ) {
    this.#entries = entries;
    this.#first = first;
  }

  async next(): Promise<varve.ListEntry | null> {
    const step = this.#first ?? (await this.#entries.next());
    this.#first = undefined;
    return step.done === true ? null : step.value;
  }

  markDone(): void {
    void this.#entries.return();
  }
}

/** What the package makes one of when it is loaded. */
class Runtime {
  /**
   * The version of the package that loads this file: it warns of any other, and of object storage
   * nothing differs between them.
   */
  static version(): string {
    const loaderFolder = module.parent?.path;
    if (loaderFolder === undefined) return 'v0.0.0';
    const packageFile = `${loaderFolder}/../../../../package.json`;
    const { version } = require(packageFile) as { readonly version: string };
    return `v${version}`;
  }

  static buildCommit(): string {
    return 'varve';
  }

  bucket(encoreName: string): Bucket {
    return new Bucket(encoreName);
  }

  runtimeConfig(): { metrics: Record<string, never> } {
    return { metrics: {} };
  }
}

/** What else the package may ask of its runtime. */
const absentMethods = [
  'apiCall',
  'appMeta',
  'cacheCluster',
  'createMetricsRegistry',
  'gateway',
  'getMetricsRegistry',
  'logger',
  'numWorkerThreads',
  'pubsubSubscription',
  'pubsubTopic',
  'registerHandler',
  'registerHandlers',
  'registerTestHandler',
  'runForever',
  'secret',
  'sqlDatabase',
  'stream',
] as const;

for (const method of absentMethods) {
  Object.defineProperty(Runtime.prototype, method, {
    value: () => {
      throw new Error(`varve stands in for Encore's object storage only, and has no ${method}`);
    },
  });
}

/** A number as Encore's runtime takes it: cut to a whole one, and 0 for what is none. */
function toInteger(argument: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw new TypeError(`${argument} must be a number`);
  return Number.isFinite(value) ? Math.trunc(value) : 0;
}

function ttlOf(options: varve.SignedUrlOptions | null | undefined): varve.SignedUrlOptions {
  const ttl = toInteger('ttl', options?.ttl);
  return ttl === undefined ? {} : { ttl };
}

module.exports = { Bucket, BucketObject, ListIterator, ObjectErrorKind, Runtime, TypedObjectError };
