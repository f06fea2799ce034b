/**
 * From a bucket into a folder: every object under a prefix becomes a file, with its mode and time.
 *
 * Nothing is ever written outside the folder, whatever the names say ({@link FolderTree}), and no
 * file shows under its name before it is complete ({@link writeNewFile}). An object that cannot be
 * written is reported and the others are exported. Files that the folder has besides are left
 * alone.
 *
 * @module
 */

import { type BucketView, type ListEntry, ObjectsError, type ObjectsErrorCode } from '../index.ts';
import { forEachConcurrently } from './concurrency.ts';
import { isSystemError } from './exit-code.ts';
import { decodeAttributes } from './file-attributes.ts';
import { writeNewFile } from './new-file.ts';
import { FolderTree, RefusedName } from './safe-path.ts';

/** An object that was not exported, and why. */
export interface NotExported {
  readonly name: string;
  /** `REFUSED` if no file may have such a name; `IO` if it could not be written. */
  readonly code: ObjectsErrorCode | 'REFUSED';
  readonly reason: string;
}

/** What an export did. */
export interface ExportReport {
  /** Files written, and their bytes. */
  files: number;
  bytes: number;
  seconds: number;
  /** Objects that did not become files. */
  failed: NotExported[];
}

export interface ExportOptions {
  /** A bucket, or a view of one. */
  readonly source: Pick<BucketView, 'attrs' | 'download' | 'downloadStream' | 'list'>;
  /** `''`, or ends in a slash. */
  readonly prefix: string;
  readonly folder: string;
  /** The folder of the store: nothing is exported into it. */
  readonly storeFolder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (report: Readonly<ExportReport>) => void;
}

const filesInFlight = 16;

/** Larger objects are streamed. */
const wholeObjectBytesMax = 1024 * 1024;

/** No other file could be written either. */
const hopelessErrors: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Exports the objects under a prefix. Resolves when every file is there or in `failed`. */
export async function exportFolder(options: ExportOptions): Promise<ExportReport> {
  const { source, prefix, signal } = options;
  const startedMs = performance.now();
  const report: ExportReport = { files: 0, bytes: 0, seconds: 0, failed: [] };
  const tree = await FolderTree.open(options.folder, options.storeFolder);

  async function* taken(): AsyncGenerator<ListEntry> {
    for await (const entry of source.list({ prefix, signal })) {
      try {
        tree.take(entry.name.slice(prefix.length));
        yield entry;
      } catch (error) {
        noteFailure(report, entry.name, error);
      }
    }
  }

  await forEachConcurrently(taken(), filesInFlight, async (entry) => {
    try {
      await exportObject(options, tree, entry);
      report.files++;
      report.bytes += entry.size;
    } catch (error) {
      noteFailure(report, entry.name, error);
    }
    options.onProgress(report);
  });
  report.seconds = Math.round(performance.now() - startedMs) / 1000;
  return report;
}

async function exportObject(
  { source, prefix, signal }: ExportOptions,
  tree: FolderTree,
  { name, size }: ListEntry,
): Promise<void> {
  const attrs = await source.attrs(name);
  const path = await tree.prepare(name.slice(prefix.length));
  const content =
    size <= wholeObjectBytesMax
      ? await source.download(name, { signal })
      : source.downloadStream(name, { signal });
  await writeNewFile(path, content, decodeAttributes(attrs.metadata));
}

/** Notes a failure that concerns one object; throws on any other. */
function noteFailure(report: ExportReport, name: string, error: unknown): void {
  const code = codeOf(error);
  if (code === undefined) throw error;
  report.failed.push({ name, code, reason: (error as Error).message });
}

function codeOf(error: unknown): NotExported['code'] | undefined {
  if (error instanceof RefusedName) return 'REFUSED';
  if (isSystemError(error)) return hopelessErrors.has(error.code) ? undefined : 'IO';
  // Damage to one object leaves the others whole; anything else concerns the whole store.
  return error instanceof ObjectsError && error.code === 'CORRUPT' ? 'CORRUPT' : undefined;
}
