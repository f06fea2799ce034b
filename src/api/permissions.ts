/**
 * What a handle on a bucket may do: in types, as Encore has it, and in words, checked at run time.
 *
 * A view that `at()` makes may read what its handle may read. The classes exist for their types, as
 * in `ref<Uploader & Downloader>()`. They are classes and not interfaces so that nothing else that
 * happens to have an `upload` method passes for a handle.
 *
 * Errors: `PERMISSION` from a method whose word the handle was not given.
 *
 * @module
 */

import { describe, ObjectsError } from '../base/errors.ts';
import { invalidArgument, wrongType } from './checks.ts';
import type {
  Body,
  CopyOptions,
  DownloadOptions,
  ListEntry,
  ListOptions,
  ListPage,
  ListPageOptions,
  LockOptions,
  ObjectAttrs,
  ObjectOrVersion,
  SignedUrl,
  SignedUrlOptions,
  UploadOptions,
  VersionEntry,
  VersionOptions,
  VersionsOptions,
  WouldFree,
  WouldFreeOptions,
} from './options.ts';
import type { StorageOptions, StorageReport } from './reports.ts';

/** What all handles on a bucket have in common. */
export abstract class BucketPerms {
  /** Nothing at run time; in types, what keeps other classes from passing for a handle. */
  declare protected readonly isBucketHandle: true;
}

/** May store objects. */
export abstract class Uploader extends BucketPerms {
  abstract upload(name: string, data: Body, options?: UploadOptions): Promise<ObjectAttrs>;
  abstract restore(name: string, version: string): Promise<ObjectAttrs>;
  abstract lock(name: string, options: LockOptions): Promise<ObjectAttrs>;
}

/** May make URLs with which others store an object. */
export abstract class SignedUploader extends BucketPerms {
  abstract signedUploadUrl(name: string, options?: SignedUrlOptions): Promise<SignedUrl>;
}

/** May read objects. */
export abstract class Downloader extends BucketPerms {
  abstract download(name: string, options?: DownloadOptions): Promise<Buffer>;
  abstract downloadStream(name: string, options?: DownloadOptions): ReadableStream<Uint8Array>;
  abstract copy(from: string, to: string, options?: CopyOptions): Promise<ObjectAttrs>;
}

/** May make URLs with which others read an object. */
export abstract class SignedDownloader extends BucketPerms {
  abstract signedDownloadUrl(name: string, options?: SignedUrlOptions): Promise<SignedUrl>;
}

/** May ask what an object is, and whether it is there. */
export abstract class Attrser extends BucketPerms {
  abstract attrs(name: string, options?: VersionOptions): Promise<ObjectAttrs>;
  abstract exists(name: string, options?: VersionOptions): Promise<boolean>;
  abstract wouldFree(
    objects: string | Iterable<ObjectOrVersion>,
    options?: WouldFreeOptions,
  ): Promise<WouldFree>;
  /** Of other than one object it needs `list` as well. */
  abstract storage(options?: StorageOptions): Promise<StorageReport>;
}

/** May list objects and their versions. */
export abstract class Lister extends BucketPerms {
  abstract list(options?: ListOptions): AsyncGenerator<ListEntry, void, undefined>;
  abstract listPage(options?: ListPageOptions): Promise<ListPage>;
  abstract versions(options?: VersionsOptions): AsyncGenerator<VersionEntry, void, undefined>;
}

/** May remove objects. */
export abstract class Remover extends BucketPerms {
  abstract remove(name: string, options?: VersionOptions): Promise<void>;
}

/** May tell the public URL of an object. */
export abstract class PublicUrler extends BucketPerms {
  abstract publicUrl(name: string): string;
}

/** Everything but `publicUrl`, as in Encore. */
export type ReadWriter = Uploader &
  SignedUploader &
  Downloader &
  SignedDownloader &
  Attrser &
  Lister &
  Remover;

/** What each word grants. */
interface GrantedBy {
  read: Downloader;
  write: Uploader;
  attrs: Attrser;
  list: Lister;
  remove: Remover;
  'signed-upload': SignedUploader;
  'signed-download': SignedDownloader;
  'public-url': PublicUrler;
}

/**
 * A word for what a handle may do.
 *
 * | word | class | methods |
 * | --- | --- | --- |
 * | `read` | `Downloader` | `download`, `downloadStream`, `copy` (from here) |
 * | `write` | `Uploader` | `upload`, `restore`, `lock`, and `copy` to here |
 * | `attrs` | `Attrser` | `attrs`, `exists`, `wouldFree`, `storage` |
 * | `list` | `Lister` | `list`, `listPage`, `versions` |
 * | `remove` | `Remover` | `remove` |
 * | `signed-upload` | `SignedUploader` | `signedUploadUrl` |
 * | `signed-download` | `SignedDownloader` | `signedDownloadUrl` |
 * | `public-url` | `PublicUrler` | `publicUrl` |
 */
export type Permission = keyof GrantedBy;

/** The type of a handle with these permissions. */
export type BucketRef<P extends Permission> = Intersection<GrantedBy[P]>;

/** All members of a union at once: only that can be passed to every one of several functions. */
type Intersection<Union> = (Union extends unknown ? (handle: Union) => void : never) extends (
  handle: infer All,
) => void
  ? All
  : never;

/** Every permission. */
export const allPermissions: readonly Permission[] = [
  'read',
  'write',
  'attrs',
  'list',
  'remove',
  'signed-upload',
  'signed-download',
  'public-url',
];

/** What a handle was given; `undefined` is everything. */
export type Grant = ReadonlySet<Permission> | undefined;

/** What a handle has that was given these words out of another: never more than that one had. */
export function narrowedGrant(grant: Grant, permissions: readonly Permission[]): Grant {
  for (const permission of permissions) {
    if (typeof permission !== 'string') throw wrongType('permission', 'a string', permission);
    if (!allPermissions.includes(permission)) {
      throw invalidArgument(`there is no such permission; there are ${allPermissions.join(', ')}`, {
        permission,
      });
    }
  }
  return new Set(permissions.filter((permission) => grant?.has(permission) ?? true));
}

/** Throws `PERMISSION` unless a handle was given the permission. */
export function checkPermission(
  handle: { readonly grant: Grant; readonly bucketName: string },
  permission: Permission,
): void {
  if (handle.grant?.has(permission) ?? true) return;
  const details = describe({ permission, bucket: handle.bucketName });
  throw new ObjectsError(`this handle was not given the permission: ${details}`, {
    code: 'PERMISSION',
  });
}
