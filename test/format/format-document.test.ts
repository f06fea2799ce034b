/**
 * docs/format.md says what the code writes: every table of offsets, every table of numbers, every
 * example. And there is nothing in the code's tables that the document leaves out.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { deflateImplementations } from '../../src/engine/gzip/deflate.ts';
import { sectionNumbers } from '../../src/engine/gzip/recipe.ts';
import { fileHeaderLayout } from '../../src/engine/log/file-header.ts';
import {
  commitExtension,
  frameHeader,
  frameHeaderBytes,
  frameTypes,
} from '../../src/engine/log/frame.ts';
import { operationNumbers, totalsFields } from '../../src/engine/log/operations.ts';
import { bucketFields, bucketFlags, putFields, putFlags } from '../../src/engine/log/put-bodies.ts';
import { checkpointFields } from '../../src/engine/log/file-bodies.ts';
import { parityHeaderLayout } from '../../src/engine/log/parity-file.ts';
import { snapshotBlockLayout, snapshotHeaderLayout } from '../../src/engine/log/snapshot-file.ts';
import {
  optionalFeatures,
  requiredFeatures,
  superblockLayout,
} from '../../src/engine/log/superblock.ts';
import { encodingNumbers, retentionNumbers } from '../../src/engine/model.ts';
import { formatExamples, hexDump } from '../support/format-examples.ts';

const document = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');

interface Field {
  readonly offset: number;
  readonly bytes: number;
}

type Layout = Readonly<Record<string, Field>>;

/** The tables under a heading, each as its rows of cells, the one with the titles first. */
function tablesUnder(heading: string): string[][][] {
  const sections = document.split(/^#+ /m).filter((section) => section.startsWith(`${heading}\n`));
  expect(sections, heading).toHaveLength(1);
  const tables = (sections[0] as string).match(/(?:^\|.*\n)+/gm) ?? [];
  return tables.map((table) =>
    table
      .trimEnd()
      .split('\n')
      .filter((row) => !/^\| *:?-/.test(row))
      .map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ),
  );
}

/** The one table whose second or third title is this. */
function tableOf(heading: string, title: string): string[][] {
  const found = tablesUnder(heading).filter(([titles = []]) => titles.includes(title));
  expect(found, `${heading}: ${title}`).toHaveLength(1);
  return (found[0] as string[][]).slice(1);
}

const layouts: readonly (readonly [heading: string, layout: Layout])[] = [
  ['The VARVE file', superblockLayout],
  ['File header', fileHeaderLayout],
  ['Snapshot header', snapshotHeaderLayout],
  ['Snapshot block', snapshotBlockLayout],
  ['Parity', parityHeaderLayout],
];

describe('docs/format.md', () => {
  test.each(layouts)('has the layout of: %s', (heading, layout) => {
    expect(tableOf(heading, 'field').map((cells) => cells.slice(0, 3))).toEqual(rowsOf(layout));
    expectNoGaps(layout);
  });

  test('has the layout of the frame header, and of the extension of a commit', () => {
    const tables = tablesUnder('Frames').filter(([titles = []]) => titles.includes('field'));
    const documented = tables.map((rows) => rows.slice(1).map((cells) => cells.slice(0, 3)));
    expect(documented).toEqual([rowsOf(frameHeader), rowsOf(commitExtension)]);
    for (const layout of [frameHeader, commitExtension]) expectNoGaps(layout);
    expect(endOf(frameHeader)).toBe(frameHeaderBytes);
  });

  test.each([
    ['The VARVE file', 'optional feature', optionalFeatures],
    ['Frames', 'type', frameTypes],
    ['Frames', 'encoding', encodingNumbers],
    ['The VARVE file', 'required feature', requiredFeatures],
    ['Commit payload', 'operation', operationNumbers],
    ['Commit payload', 'checkpoint field', checkpointFields],
    ['Commit payload', 'bucket flag', bucketFlags],
    ['Commit payload', 'put flag', putFlags],
    ['Commit payload', 'put field', putFields],
    ['Commit payload', 'bucket field', bucketFields],
    ['Commit payload', 'retention', retentionNumbers],
    ['Recipe', 'section', sectionNumbers],
    ['Recipe', 'implementation', deflateImplementations],
    [
      'Commit payload',
      'total',
      Object.fromEntries(totalsFields.map((name, index) => [name, index + 1])),
    ],
  ] as const)('under %s has each %s with its number', (heading, title, numbers) => {
    const documented = tableOf(heading, title).map(([number, name]) => [name, Number(number)]);
    expect(documented).toEqual(Object.entries(numbers));
  });

  test.each(Object.entries(formatExamples))('shows the bytes of %s', (_, bytes) => {
    expect(document).toContain(`\`\`\`text\n${hexDump(bytes)}\n\`\`\``);
  });
});

function rowsOf(layout: Layout): string[][] {
  return Object.entries(layout).map(([name, { offset, bytes }]) => [`${offset}`, `${bytes}`, name]);
}

function endOf(layout: Layout): number {
  return Math.max(...Object.values(layout).map(({ offset, bytes }) => offset + bytes));
}

function expectNoGaps(layout: Layout): void {
  let end = 0;
  for (const { offset, bytes } of Object.values(layout)) {
    expect(offset).toBe(end);
    end = offset + bytes;
  }
}
