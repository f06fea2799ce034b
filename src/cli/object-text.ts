/**
 * How an object is told to people: what it is, and how it is stored.
 *
 * @module
 */

import type { ObjectAttrs, StorageReport } from '../index.ts';
import { formatCount, formatCounted, formatSize, formatTime, printable } from './printable.ts';

/** What is known of an object, and if it was asked how it is stored, one line each. */
export function describeAttrs(bucket: string, attrs: ObjectAttrs, storage?: StorageReport): string {
  const metadata = Object.entries(attrs.metadata ?? {});
  const bytes = formatCounted(attrs.size, 'byte');
  const rows: (readonly [string, string | undefined])[] = [
    ['bucket', bucket],
    ['name', attrs.name],
    ['size', attrs.size < 1024 ? bytes : `${formatSize(attrs.size)} (${bytes})`],
    ['modified', formatTime(attrs.lastModified)],
    ['version', attrs.version],
    ['locked', attrs.lockedUntil && `until ${formatTime(attrs.lockedUntil)}`],
    ['etag', attrs.etag],
    ['type', attrs.contentType],
    ...metadata.map(([key, value]) => [`meta ${key}`, value] as const),
    ...(storage === undefined ? [] : storageLines(storage)),
  ];
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const columns = Math.max(...shown.map(([key]) => key.length));
  return shown
    .map(([key, value]) => `${key.padEnd(columns)}  ${value}`)
    .map(printable)
    .join('\n');
}

/** How one version is stored, as lines of a key and a text. */
function storageLines(report: StorageReport): (readonly [key: string, text: string])[] {
  const { chunks, nodes, storedBytes, ownBytes, sharedBytes, readCostMax } = report;
  const listed = nodes === 0 ? '' : `, listed by ${formatCounted(nodes, 'node')}`;
  const mean = report.readCostMean.toFixed(1);
  return [
    [
      'chunks',
      `${formatCounted(chunks, 'chunk')}, ${formatCount(report.deltas)} as deltas${listed}`,
    ],
    ['read cost', `${formatCounted(readCostMax, 'chunk')} at most to read one, ${mean} on average`],
    ...(report.seenThrough === 0
      ? []
      : [['gzip', `seen through: ${formatSize(report.contentBytes)} inflated`] as const]),
    [
      'stored',
      `${formatSize(storedBytes)}: ${formatSize(ownBytes)} of its own, ` +
        `${formatSize(sharedBytes)} shared`,
    ],
  ];
}
