/**
 * The front door: everything public, and nothing else.
 *
 * What is not exported here may change at any time.
 *
 * @module
 */

export { Bucket } from './api/bucket.ts';
export { repairStore } from './api/repair.ts';
export { openStore } from './api/store.ts';
export {
  InvalidArgument,
  ObjectNotFound,
  ObjectsError,
  PreconditionFailed,
} from './base/errors.ts';

export type {
  Body,
  BucketConfig,
  BucketInfo,
  ByteRange,
  CopyOptions,
  DownloadOptions,
  ListEntry,
  ListOptions,
  ListPage,
  ListPageOptions,
  LockOptions,
  ObjectAttrs,
  ObjectOrVersion,
  Retention,
  RetentionPeriods,
  SignedUrl,
  SignedUrlOptions,
  StoreLocation,
  StoreOptions,
  UploadOptions,
  UploadPreconditions,
  UploadProgress,
  VersionEntry,
  VersionOptions,
  VersionsOptions,
  ViewDownloadOptions,
  WouldFree,
  WouldFreeOptions,
} from './api/options.ts';
export type {
  BackupReport,
  CompactOptions,
  CompactReport,
  LongOptions,
  LongProgress,
  LostVersion,
  PruneOptions,
  PruneReport,
  RepairOptions,
  RepairReport,
  StorageOptions,
  StorageReport,
  StoreStats,
  VerifyOptions,
  VerifyReport,
} from './api/reports.ts';
export type {
  Attrser,
  BucketPerms,
  BucketRef,
  Downloader,
  Lister,
  Permission,
  PublicUrler,
  ReadWriter,
  Remover,
  SignedDownloader,
  SignedUploader,
  Uploader,
} from './api/permissions.ts';
export type { Store } from './api/store.ts';
export type { TraceContext, TracedOperation, TraceResult, TraceSubject } from './api/tracing.ts';
export type { BucketView } from './api/view.ts';
export type { ObjectsErrorCode } from './base/errors.ts';
