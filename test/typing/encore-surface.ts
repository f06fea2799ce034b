/**
 * Our `Bucket` has at least the public surface of Encore's: what compiles there compiles here.
 *
 * The compiler is the test: nothing here runs. Whole classes cannot be compared, because Encore's
 * permission classes have a private member and so accept nothing but themselves. What applications
 * can reach is compared instead: each method, with our parameters at least as wide as theirs and
 * our results at least as rich.
 *
 * @module
 */

import type * as theirs from '../../node_modules/encore.dev/dist/storage/objects/mod.js';
import type * as ours from '../../src/index.ts';

/**
 * What applications can reach; not `impl`, Encore's native half, nor `ref`, which permissions.ts is
 * about. Methods become functions, because the compiler lets a method narrow its parameters.
 */
type Surface<T> = {
  [Member in Exclude<keyof T, 'impl' | 'ref'>]: T[Member] extends (...args: infer Args) => infer R
    ? (...args: Args) => R
    : T[Member];
};

/** Fails to compile unless the first type can be used wherever the second is asked for. */
type Assignable<From extends To, To> = From;

export type BucketHasTheirMethods = Assignable<Surface<ours.Bucket>, Surface<theirs.Bucket>>;

export type OptionsAcceptTheirs = [
  Assignable<theirs.AttrsOptions, ours.VersionOptions>,
  Assignable<theirs.BucketConfig, ours.BucketConfig>,
  Assignable<theirs.DeleteOptions, ours.VersionOptions>,
  Assignable<theirs.DownloadOptions, ours.DownloadOptions>,
  Assignable<theirs.DownloadUrlOptions, ours.SignedUrlOptions>,
  Assignable<theirs.ExistsOptions, ours.VersionOptions>,
  Assignable<theirs.ListOptions, ours.ListOptions>,
  Assignable<theirs.UploadOptions, ours.UploadOptions>,
  Assignable<theirs.UploadUrlOptions, ours.SignedUrlOptions>,
];

export type ResultsPassForTheirs = [
  Assignable<ours.ListEntry, theirs.ListEntry>,
  Assignable<ours.ObjectAttrs, theirs.ObjectAttrs>,
  Assignable<ours.SignedUrl, theirs.SignedDownloadUrl>,
  Assignable<ours.SignedUrl, theirs.SignedUploadUrl>,
];

export type PermissionsHaveTheirMethods = [
  Assignable<Surface<ours.Attrser>, Surface<theirs.Attrser>>,
  Assignable<Surface<ours.Downloader>, Surface<theirs.Downloader>>,
  Assignable<Surface<ours.Lister>, Surface<theirs.Lister>>,
  Assignable<Surface<ours.PublicUrler>, Surface<theirs.PublicUrler>>,
  Assignable<Surface<ours.ReadWriter>, Surface<theirs.ReadWriter>>,
  Assignable<Surface<ours.Remover>, Surface<theirs.Remover>>,
  Assignable<Surface<ours.SignedDownloader>, Surface<theirs.SignedDownloader>>,
  Assignable<Surface<ours.SignedUploader>, Surface<theirs.SignedUploader>>,
  Assignable<Surface<ours.Uploader>, Surface<theirs.Uploader>>,
];

export type ErrorsPassForTheirs = [
  Assignable<ours.ObjectNotFound, theirs.ObjectNotFound>,
  Assignable<ours.ObjectsError, theirs.ObjectsError>,
  Assignable<ours.PreconditionFailed, theirs.PreconditionFailed>,
];

/** Everything that their module exports exists in ours, under the same name. */
export type NamesAreTheSame = Assignable<Exclude<keyof typeof theirs, keyof typeof ours>, never>;

// The comparison can fail: a method that is missing, a parameter that is narrower.
// @ts-expect-error A bucket without `remove` is no bucket of theirs.
export type Missing = Assignable<Omit<Surface<ours.Bucket>, 'remove'>, Surface<theirs.Bucket>>;
type Narrow = Omit<Surface<ours.Bucket>, 'remove'> & { remove: (name: 'a') => Promise<void> };
// @ts-expect-error A bucket that takes only one name is none either.
export type Narrower = Assignable<Narrow, Surface<theirs.Bucket>>;
