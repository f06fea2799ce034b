/**
 * The nouns of the engine, and the two narrow interfaces between the paths and the storage.
 *
 * Imports nothing. Chunk, log and index are strangers to each other, and what they share is here.
 *
 * The two interfaces are the seam at which another storage can be put (packs in an S3-compatible
 * store, versions in a replicated database): the paths and the views know only them, so nothing
 * above may assume that there is one process or one disk.
 *
 * @module
 */

/**
 * What a chunk's bytes are: content itself, or a node of a manifest tree. The kind is part of the
 * name, because anybody can upload content that looks like a node: were the two to share a name,
 * such an upload could stand in for the node, without the references that keep the node's children
 * alive.
 */
export type ChunkKind = 'data' | 'node';

/** The name of a chunk: the hash of its plain bytes, within a domain. */
export interface ChunkId {
  /** Chunks are shared within a domain only: see {@link domainOf}. */
  readonly domain: number;
  readonly kind: ChunkKind;
  /** SHA-256 of the plain bytes. */
  readonly digest: Uint8Array;
}

/** A stretch of the plain bytes of a chunk; the end is not part of it. */
export interface ChunkPart {
  readonly id: ChunkId;
  /** Of the whole chunk. */
  readonly sizeBytes: number;
  readonly start: number;
  readonly end: number;
}

/** How a payload lies on disk. Numbers on disk: never renumber, never reuse. */
export const encodingNumbers = { raw: 0, deflate: 1, zstd: 2, primed: 3 } as const;

/** The name of a payload's encoding. */
export type Encoding = keyof typeof encodingNumbers;

/** A chunk as it is handed to the log. */
export interface EncodedChunk {
  readonly id: ChunkId;
  readonly encoding: Encoding;
  /** The encoded bytes. */
  readonly payload: Uint8Array;
  /** Size of the plain bytes. */
  readonly rawBytes: number;
  /**
   * The chunks that this one needs, in order, and keeps alive: of a node those that it names, of a
   * delta its bases.
   */
  readonly children: readonly ChunkId[];
  /** Set if the payload is a delta of the children, laid end to end. Never of a node. */
  readonly delta?: DeltaHead;
}

/** What is to be known of a delta before it is read. */
export interface DeltaHead {
  /** Size of the delta once it is decompressed. */
  readonly deltaBytes: number;
  /** See {@link ChunkLocation}. */
  readonly readCost: number;
}

/** Where a chunk's frame lies. */
export interface ChunkLocation {
  readonly fileId: number;
  readonly offset: number;
  /** Size of the whole frame. */
  readonly frameBytes: number;
  /** Size of the plain bytes. */
  readonly rawBytes: number;
  /**
   * Of a delta: how many frames at most are read to get at its bytes, its own and those of its
   * bases, theirs included. Absent for what is no delta: 1.
   */
  readonly readCost?: number;
}

/**
 * Content on its way to the chunker: slices of any size, and places where a chunk ends, whatever
 * the content says.
 */
export type ContentPart = Uint8Array | 'cut';

/** The content of a version: its only chunk (level 0), or the root of a tree of `level` levels. */
export interface ContentRoot {
  readonly id: ChunkId;
  readonly level: number;
}

/** How an upload comes out of content that is another form of it: a gzip stream, inflated. */
export interface SeenThrough {
  /** Size of the content that is stored. */
  readonly contentBytes: number;
  /** The root that the upload would have, had it been stored as it came. */
  readonly uploadRoot: ContentRoot;
  /** See gzip/recipe.ts. */
  readonly recipe: Uint8Array;
}

/** What a version is made of. */
export interface VersionContent {
  /** What the caller uploaded. */
  readonly sizeBytes: number;
  /** Of what is stored. */
  readonly root: ContentRoot;
  /** Absent: the upload is stored as it came. */
  readonly seenThrough?: SeenThrough | undefined;
}

/** Size of the content that is stored of a version: what its root stands for. */
export function contentBytesOf({ sizeBytes, seenThrough }: VersionContent): number {
  return seenThrough?.contentBytes ?? sizeBytes;
}

/**
 * The log sequence number of a version: its place in the order of commits, unique for ever in a
 * store. Versions are ordered by it and never by time.
 */
export type Lsn = number;

/** One immutable state of an object. */
export interface ObjectVersion {
  readonly kind: 'object';
  readonly lsn: Lsn;
  /** When it was committed, in ms since 1970. Never decreases from one version to the next. */
  readonly timeMs: number;
  readonly sizeBytes: number;
  readonly root: ContentRoot;
  readonly seenThrough?: SeenThrough;
  readonly contentType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Nothing removes it before this time, in ms since 1970. */
  readonly lockedUntilMs?: number;
}

/** The version that says "deleted from here on"; older versions remain. */
export interface DeleteMarker {
  readonly kind: 'deleteMarker';
  readonly lsn: Lsn;
  readonly timeMs: number;
}

export type Version = ObjectVersion | DeleteMarker;

/** A version with the name it belongs to. */
export interface NamedVersion<V extends Version = Version> {
  readonly name: string;
  readonly version: V;
}

/**
 * What can be said of which versions stay. Numbers on disk: never renumber, never reuse.
 *
 * `keepForMs` counts from when a version was superseded; the periods keep the newest version of
 * each of so many hours, days and so on that have one.
 */
export const retentionNumbers = {
  keepLast: 1,
  keepForMs: 2,
  hourly: 3,
  daily: 4,
  weekly: 5,
  monthly: 6,
  yearly: 7,
} as const;

/** Which versions of a history stay: those that anything it says keeps. It says at least one. */
export type RetentionRule = Readonly<Partial<Record<keyof typeof retentionNumbers, number>>>;

/** A bucket as the log knows it. */
export interface BucketRecord {
  /** Never reused: a bucket made again under an old name is another bucket. */
  readonly id: number;
  readonly name: string;
  readonly versioned: boolean;
  readonly public: boolean;
  /** Absent: every version stays. Only of a versioned bucket. */
  readonly retention?: RetentionRule;
  /** Whether gzip streams are stored inflated where they can be. Absent: they are. */
  readonly seeThroughGzip?: boolean;
  /** It shares no chunk with another bucket, as long as it is there. Absent: it does. */
  readonly isolated?: true;
}

/** Within which the chunks of a bucket are shared: 0 with all buckets that are not isolated. */
export function domainOf({ id, isolated }: BucketRecord): number {
  return isolated === true ? id : 0;
}

/** When an acknowledged write is safe: from a power cut, or from the death of the process. */
export type Durability = 'power' | 'os';

/** A moment of a store: just after the commit of an LSN, or the last commit not after a time. */
export type Point = { readonly lsn: Lsn } | { readonly timeMs: number };

/** Names to list. Bounds are compared as UTF-8 bytes. */
export interface NameRange {
  readonly prefix?: string;
  /** Only names after this one. */
  readonly startAfter?: string;
  /** Only names before this one. */
  readonly endBefore?: string;
  readonly reverse?: boolean;
}

/** Totals of a store, kept exactly by every commit. */
export interface Totals {
  /** Names that have a current version. */
  readonly objects: number;
  /** Versions with content: current and historic, without delete markers. */
  readonly versions: number;
  readonly deleteMarkers: number;
  /** Chunks alive, nodes included. */
  readonly chunks: number;
  /** What callers stored, over all versions. */
  readonly logicalBytes: number;
  /** What is left of it after deduplication. */
  readonly uniqueBytes: number;
  /** Bytes that live chunks take in the log files, with their frames. */
  readonly storedBytes: number;
}

/** Of a store with nothing in it. */
export const noTotals: Totals = {
  objects: 0,
  versions: 0,
  deleteMarkers: 0,
  chunks: 0,
  logicalBytes: 0,
  uniqueBytes: 0,
  storedBytes: 0,
};

/** What must hold at the moment of the commit. */
export interface Preconditions {
  /** The name has no current version. */
  readonly notExists?: boolean;
  /** The current version's content has this etag. */
  readonly ifMatch?: string;
}

/** A change of one object or bucket, as the paths ask for it. */
export type Change =
  | {
      readonly kind: 'put';
      readonly bucketId: number;
      readonly name: string;
      readonly sizeBytes: number;
      readonly root: ContentRoot;
      readonly seenThrough?: SeenThrough | undefined;
      readonly contentType?: string | undefined;
      readonly metadata?: Readonly<Record<string, string>> | undefined;
      readonly lockedUntilMs?: number | undefined;
      readonly preconditions?: Preconditions | undefined;
    }
  /** A delete marker in a versioned bucket; the end of the object in an unversioned one. */
  | { readonly kind: 'remove'; readonly bucketId: number; readonly name: string }
  /** One version, for good. */
  | {
      readonly kind: 'purge';
      readonly bucketId: number;
      readonly name: string;
      readonly lsn: Lsn;
    }
  /**
   * One version of a history, for good, unless that would show: a version that is current, or a
   * delete marker above one with content, stays. `rule`: the bucket's, which must still be it.
   */
  | {
      readonly kind: 'prune';
      readonly bucketId: number;
      readonly name: string;
      readonly lsn: Lsn;
      readonly rule: RetentionRule | undefined;
    }
  /** Locks the current version, or one by its number, at least until a time. */
  | {
      readonly kind: 'lock';
      readonly bucketId: number;
      readonly name: string;
      readonly lsn: Lsn | undefined;
      readonly untilMs: number;
    };

/**
 * What became of a commit. `unknown` means that the storage failed while the commit was on its way:
 * it may be found after a restart, or not.
 */
export type CommitResult =
  | { readonly outcome: 'done'; readonly version: Version | undefined }
  | { readonly outcome: 'conflict'; readonly reason: 'notFound' | 'precondition' | 'noBucket' }
  | { readonly outcome: 'conflict'; readonly reason: 'locked'; readonly lockedUntilMs: number }
  | { readonly outcome: 'unknown'; readonly cause: unknown };

/** New chunks of one upload on their way, and the leases it holds on chunks it found. */
export interface StagedChunks {
  /**
   * Which of these chunks are there already. Those are leased: they stay until `release`. Chunks
   * that this stage has put count as there.
   */
  has(ids: readonly ChunkId[]): Promise<boolean[]>;
  /**
   * How many frames a read of a chunk takes that this stage has put or found. Until `release` it
   * cannot become more. `undefined`: it is not there.
   */
  readCostOf(id: ChunkId): Promise<number | undefined>;
  /**
   * Takes a chunk that is not there. Resolves when another may be put: this is the back-pressure.
   * `false`: another upload brought it meanwhile. The payload must not change any more; but one
   * that is `lent` may, once this has resolved.
   */
  put(chunk: EncodedChunk, payload?: 'lent'): Promise<boolean>;
  /** Resolves when all that was put can be named by a commit. */
  seal(): Promise<void>;
  /** Drops the leases. Call it always, whether or not a commit followed. */
  release(): void;
}

/** Where chunks are. */
export interface ChunkStore {
  stage(): StagedChunks;
  /**
   * The plain bytes of a chunk, checked against its name.
   *
   * Throws `CORRUPT` when they disagree, and when a chunk that a version names is not there.
   */
  read(id: ChunkId): Promise<Uint8Array>;
  /** Lends the same to a function, which may keep no view of them. */
  with<T>(id: ChunkId, use: (bytes: Uint8Array) => T): Promise<T>;
  /**
   * Lends parts of chunks: each with its place among them, in no order. A whole chunk is checked
   * against its name; of one that lies on the disk as it is, a part may be checked against the
   * checksums of its blocks alone.
   */
  withEach(
    parts: readonly ChunkPart[],
    use: (bytes: Uint8Array, position: number) => void,
  ): Promise<void>;
}

/** Where versions are. */
export interface VersionStore {
  /** Commits a change with the chunks staged for it, if its preconditions hold at that moment. */
  commit(
    change: Change,
    staged: StagedChunks | undefined,
    durability: Durability,
  ): Promise<CommitResult>;
  /** The current version: `undefined` if there is none, or if it is a delete marker. */
  current(bucketId: number, name: string, asOf?: Point): Promise<ObjectVersion | undefined>;
  /** A version by its number. */
  version(bucketId: number, name: string, lsn: Lsn): Promise<Version | undefined>;
  /** A page of current versions, in order of names; `[]` at the end of the range. */
  list(
    bucketId: number,
    range: NameRange,
    limit: number,
    asOf?: Point,
  ): Promise<NamedVersion<ObjectVersion>[]>;
  /** A page of all versions, newest first within a name, starting behind `after`. */
  versions(
    bucketId: number,
    range: NameRange,
    limit: number,
    after?: { readonly name: string; readonly lsn: Lsn },
  ): Promise<(NamedVersion & { readonly isLatest: boolean })[]>;
  /**
   * A page of names rolled up to the first `delimiter` after the prefix. The cost grows with what
   * is returned, not with the names under each group.
   */
  groups(
    bucketId: number,
    range: NameRange,
    delimiter: string,
    limit: number,
    asOf?: Point,
  ): Promise<(NamedVersion<ObjectVersion> | { readonly group: string })[]>;
}
