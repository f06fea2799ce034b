/**
 * Sizes as tables for people. The JSON is for programs, the chart for documents.
 *
 * @module
 */

import { alignColumns } from '../report.ts';
import { againstReference, type CorpusResult, referenceRow, type SizeRow } from './measure.ts';
import { partNames } from './tool.ts';

/** A corpus: what it is, a row for each tool, and what is only asked of Varve. */
export function formatCorpus(result: CorpusResult): string {
  const { corpus, title, releases, files, rawBytes, rows, notMeasured } = result;
  const header = ['', 'bytes', 'MB', `× ${referenceRow}`, '1 to', 'seconds', 'MB/s', 'what'];
  const lines = rows.map((row) => [
    row.name,
    String(row.bytes),
    megabytes(row.bytes),
    againstReference(result, row)?.toFixed(2) ?? '',
    (rawBytes / row.bytes).toFixed(1),
    row.seconds.toFixed(1),
    row.releaseSeconds === undefined ? '' : (rawBytes / 1e6 / row.seconds).toFixed(0),
    formatParts(row),
  ]);
  return [
    `${corpus}: ${title}, ${releases.length} releases, ${files} files, ${megabytes(rawBytes)} MB`,
    ...alignColumns([header, ...lines]),
    ...notMeasured.map(({ name, reason }) => `  ${name}: ${reason}`),
    ...rows.flatMap(formatStore),
  ].join('\n');
}

function formatParts({ parts }: SizeRow): string {
  return partNames
    .filter((name) => parts[name] > 0)
    .map((name) => `${name} ${megabytes(parts[name])}`)
    .join(', ');
}

function formatStore({ name, store }: SizeRow): string[] {
  if (store === undefined) return [];
  const { log, versions, bookkeepingBytes, anyVersion, newestVersion } = store;
  const each = (count: number): string => (bookkeepingBytes / Math.max(1, count)).toFixed(0);
  const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
  const read = ({ chunksP50, chunksP99, chunksMax }: typeof anyVersion): string =>
    `${chunksP50} / ${chunksP99} / ${chunksMax}`;
  return [
    `  ${name}: bookkeeping ${kilobytes(bookkeepingBytes)}: ${each(versions)} bytes for each of ` +
      `${versions} versions, ${each(log.chunks)} for each of ${log.chunks} chunks`,
    `    in the log: heads of chunks ${kilobytes(log.chunkHeadBytes)}, ` +
      `nodes ${kilobytes(log.nodeBytes)}, ${log.commits} commits ${kilobytes(log.commitBytes)} ` +
      `and ${kilobytes(log.paddingBytes)} of padding, the rest ${kilobytes(log.restBytes)}`,
    `    chunks read for 64 KiB, median / p99 / most: any version ${read(anyVersion)}, ` +
      `newest ${read(newestVersion)}; nodes on the way ${anyVersion.nodesP50}`,
  ];
}

/** The last word: each corpus against a packed git repository. */
export function formatRatios(results: readonly CorpusResult[]): string {
  const lines = results.flatMap((result) =>
    result.rows
      .filter(({ store }) => store !== undefined)
      .map((row) => {
        const ratio = againstReference(result, row)?.toFixed(2) ?? `${referenceRow}: not measured`;
        return [`${result.corpus}: ${row.name}`, ratio, ''];
      }),
  );
  return [`Held against ${referenceRow}:`, ...alignColumns([['', 'ratio', ''], ...lines])].join(
    '\n',
  );
}

export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return value.toFixed(value < 10 ? 3 : 1);
}
