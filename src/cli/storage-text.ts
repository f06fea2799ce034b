/**
 * How the sizes of stored content are told to people: as a list of steps, or a row of a table.
 *
 * @module
 */

import type { StorageReport } from '../index.ts';
import { formatCount, formatCounted, formatSize, printable } from './printable.ts';

/** A line of a list: what it is about, a value, and what that means. */
export type ListRow = readonly [what: string, value: string, note: string];

/** Lines with their values in one column. */
export function describeList(rows: readonly ListRow[]): string {
  const whatColumns = Math.max(...rows.map(([what]) => what.length));
  const valueColumns = Math.max(...rows.map(([, value]) => value.length));
  return rows
    .map(([what, value, note]) =>
      `${what.padEnd(whatColumns)}  ${value.padStart(valueColumns)}  ${note}`.trimEnd(),
    )
    .join('\n');
}

/** How much smaller a size is than what was stored: `  (3.0 to 1)`. */
export function ratioOf(logicalBytes: number, bytes: number): string {
  return bytes === 0 ? '' : `  (${(logicalBytes / bytes).toFixed(1)} to 1)`;
}

/** The steps from what was stored to what it takes, one below the other. */
export function storageRows(report: StorageReport): ListRow[] {
  const { logicalBytes, seenThrough, deltas, bases, readCostMean } = report;
  const step = (what: string, bytes: number, note: string): ListRow => [
    what,
    formatSize(bytes),
    `${note}${ratioOf(logicalBytes, bytes)}`,
  ];
  const inflated = `with ${formatCounted(seenThrough, 'version')} seen through gzip`;
  const shared = formatSize(report.sharedBytes);
  return [
    ['versions', formatCount(report.versions), 'with content, current and historic'],
    ['logical', formatSize(logicalBytes), 'what was stored, over all versions'],
    ...(seenThrough === 0 ? [] : [step('inflated', report.contentBytes, inflated)]),
    step('unique', report.uniqueBytes, 'after deduplication'),
    step('reduced', report.reducedBytes, 'after deltas'),
    step('compressed', report.compressedBytes, 'after compression'),
    ['bookkeeping', formatSize(report.bookkeepingBytes), 'what names the chunks'],
    ...(bases === 0
      ? []
      : [['bases', formatSize(report.baseBytes), 'of other versions, for deltas'] as const]),
    step('stored', report.storedBytes, 'all of that'),
    ['own', formatSize(report.ownBytes), `what nothing else uses; ${shared} is shared`],
    ['chunks', formatCount(report.chunks), `${formatCount(deltas)} of them deltas`],
    ['nodes', formatCount(report.nodes), 'that list chunks'],
    [
      'read cost',
      formatCount(report.readCostMax),
      `chunks at most to read one, ${readCostMean.toFixed(1)} on average`,
    ],
  ];
}

const columns: readonly (readonly [title: string, width: number, of: keyof StorageReport])[] = [
  ['versions', 8, 'versions'],
  ['logical', 10, 'logicalBytes'],
  ['unique', 10, 'uniqueBytes'],
  ['reduced', 10, 'reducedBytes'],
  ['compressed', 10, 'compressedBytes'],
  ['stored', 10, 'storedBytes'],
  ['own', 10, 'ownBytes'],
];

/** What stands above the rows of a table. */
export const storageTableHead: string = [
  ...columns.map(([title, width]) => title.padStart(width)),
  'name',
].join('  ');

/** One row of a table. The widths are the same for each, so that it can be shown at once. */
export function describeStorageRow(name: string, report: StorageReport): string {
  const cells = columns.map(([, width, of]) => {
    const value = of === 'versions' ? formatCount(report[of]) : formatSize(report[of]);
    return value.padStart(width);
  });
  return [...cells, printable(name)].join('  ');
}
