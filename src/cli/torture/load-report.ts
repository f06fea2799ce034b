/**
 * What the two ends of a load say to each other: its task, once, and its reports.
 *
 * @module
 */

/** What a load process is to do: one line of JSON on its stdin. */
export interface LoadTask {
  readonly directory: string;
  readonly seed: number;
  /** After how long to compact the store, while the load goes on. Absent: when chance wants it. */
  readonly compactAfterMs?: number;
  /** After how long to close the store. Absent: never. */
  readonly closeAfterMs?: number;
}

/** A change of one name. */
export type LoadChange =
  | { readonly kind: 'put'; readonly sha256: string; readonly size: number }
  | { readonly kind: 'remove' }
  /** `place`: among the versions of the name, newest first. */
  | { readonly kind: 'purge'; readonly place: number };

/** Where a load process is. */
export type LoadStep = 'loaded' | 'opening' | 'open' | 'compacting' | 'closing' | 'closed';

/** The buckets of a load: one keeps versions, one does not. */
export type LoadBucket = 'plain' | 'versioned';

/** What a load process says: a line of JSON each, on stdout. `done` is an acknowledgement. */
export type LoadReport =
  | { readonly step: LoadStep }
  | {
      readonly step: 'begin';
      readonly bucket: LoadBucket;
      readonly name: string;
      readonly change: LoadChange;
    }
  | {
      readonly step: 'done';
      readonly bucket: LoadBucket;
      readonly name: string;
      readonly version?: string | undefined;
      /** What an upload was acknowledged at. Absent: `'power'`. */
      readonly durability?: 'power' | 'os' | undefined;
    }
  /** A change that was begun and refused, with a code that says that nothing of it happened. */
  | { readonly step: 'undone'; readonly bucket: LoadBucket; readonly name: string }
  /** The store refused: the load ends by itself. */
  | { readonly step: 'failed'; readonly code: string; readonly message: string };
