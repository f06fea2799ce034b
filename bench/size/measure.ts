/**
 * A corpus through all tools: release by release into an empty repository, then weighed.
 *
 * What a release takes is measured of the whole folder after the last process has ended, index and
 * all, whatever the tool. Of Varve it is also measured what its bookkeeping comes to and what a
 * read costs; and it is verified, and one release comes back byte for byte, or nothing is reported.
 *
 * @module
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, sizeOf, type Release } from '../../scripts/releases.ts';
import type { Corpus } from './corpora.ts';
import { anatomyOf, type LogAnatomy } from './log-anatomy.ts';
import { measureReading, type ReadCost } from './read-cost.ts';
import { type PartName, type Parts, partsOf, type Tool } from './tool.ts';
import { checkStore, varveTool } from './varve-tool.ts';

/** What a tool made of a corpus. */
export interface SizeRow {
  readonly name: string;
  readonly version: string;
  readonly bytes: number;
  readonly parts: Parts;
  /** For all releases together; of a later stage, for that alone. */
  readonly seconds: number;
  /** For each release; absent in later stages. */
  readonly releaseSeconds?: readonly number[];
  readonly store?: StoreFigures;
}

/** What only Varve is asked. */
export interface StoreFigures {
  readonly log: LogAnatomy;
  readonly versions: number;
  /** The whole folder without the chunks in it. */
  readonly bookkeepingBytes: number;
  readonly anyVersion: ReadCost;
  readonly newestVersion: ReadCost;
}

/** Why there is no row. */
export interface NotMeasured {
  readonly name: string;
  readonly reason: string;
}

export interface CorpusResult {
  readonly corpus: string;
  readonly title: string;
  readonly releases: readonly string[];
  readonly files: number;
  readonly rawBytes: number;
  readonly rows: readonly SizeRow[];
  readonly notMeasured: readonly NotMeasured[];
}

export interface MeasureOptions {
  /** Where corpora are kept. */
  readonly corporaFolder: string;
  /** An empty folder to work in. */
  readonly sandbox: string;
  /** Other tools than Varve. */
  readonly tools: readonly Tool[];
  readonly withVarve: boolean;
  readonly optimize: boolean;
  readonly reads: number;
  readonly onRow?: (row: SizeRow) => void;
}

/** Measures one corpus. `undefined`: it cannot be had. Throws if a store is not as it must be. */
export async function measureCorpus(
  corpus: Corpus,
  options: MeasureOptions,
): Promise<CorpusResult | undefined> {
  const releases = corpus.releases(join(options.corporaFolder, corpus.name));
  if (releases === undefined) return undefined;
  const rows: SizeRow[] = [];
  const notMeasured: NotMeasured[] = [];
  const sandbox = join(options.sandbox, corpus.name);
  mkdirSync(sandbox);
  const tools = options.withVarve ? [varveTool(options.optimize), ...options.tools] : options.tools;
  for (const tool of tools) {
    const version = tool.version();
    if (version === undefined) {
      notMeasured.push({ name: tool.name, reason: 'not installed' });
      continue;
    }
    for await (const row of measureTool(tool, version, { ...options, releases, sandbox })) {
      rows.push(row);
      options.onRow?.(row);
    }
  }
  rmSync(sandbox, { recursive: true, force: true });
  return {
    corpus: corpus.name,
    title: corpus.title,
    releases: releases.map(({ name, version }) => `${name} ${version}`),
    files: releases.reduce((sum, { folder }) => sum + filesOf(folder).length, 0),
    rawBytes: releases.reduce((sum, { folder }) => sum + sizeOf(folder), 0),
    rows,
    notMeasured,
  };
}

interface ToolOptions {
  readonly releases: readonly Release[];
  readonly sandbox: string;
  readonly reads: number;
}

async function* measureTool(
  tool: Tool & { readonly points?: ReadonlyMap<string, string> },
  version: string,
  { releases, sandbox, reads }: ToolOptions,
): AsyncGenerator<SizeRow> {
  const repository = join(sandbox, tool.name);
  mkdirSync(repository);
  tool.begin(repository);
  const releaseSeconds = releases.map((release) => timed(() => tool.add(repository, release)));
  let importSeconds: number | undefined = releaseSeconds.reduce((sum, each) => sum + each, 0);
  for (const stage of tool.stages) {
    const stageSeconds = timed(() => stage.run?.(repository, releases));
    const parts = partsOf(tool, repository);
    const bytes = sizeOf(repository);
    yield {
      name: stage.name,
      version,
      bytes,
      parts,
      seconds: stageSeconds + (importSeconds ?? 0),
      ...(importSeconds !== undefined && { releaseSeconds }),
      ...(tool.points !== undefined && {
        store: await measureStore(repository, bytes, reads),
      }),
    };
    importSeconds = undefined;
    if (tool.points !== undefined) checkRelease(repository, releases, tool.points);
  }
}

async function measureStore(
  repository: string,
  bytes: number,
  reads: number,
): Promise<StoreFigures> {
  const log = await anatomyOf(repository);
  const anyVersion = await measureReading(repository, { reads, newestOnly: false });
  const newestVersion = await measureReading(repository, { reads, newestOnly: true });
  return {
    log,
    versions: anyVersion.versions,
    bookkeepingBytes: bytes - log.chunkPayloadBytes,
    anyVersion,
    newestVersion,
  };
}

/** The one in the middle: it has others before it and behind it. */
function checkRelease(
  repository: string,
  releases: readonly Release[],
  points: ReadonlyMap<string, string>,
): void {
  const release = releases[Math.floor(releases.length / 2)] as Release;
  const exported = `${repository}-exported`;
  checkStore(repository, release, points.get(release.version), exported);
  rmSync(exported, { recursive: true });
}

function timed(action: () => void): number {
  const startedMs = performance.now();
  action();
  return (performance.now() - startedMs) / 1000;
}

/** The row that others are held against. */
export const referenceRow = 'git packed';

/** How many times the size of the reference; `undefined` where that was not measured. */
export function againstReference(result: CorpusResult, row: SizeRow): number | undefined {
  const reference = result.rows.find(({ name }) => name === referenceRow);
  return reference === undefined ? undefined : row.bytes / reference.bytes;
}

/** Parts that some row has, in their order. */
export function partsUsed(rows: readonly SizeRow[], names: readonly PartName[]): PartName[] {
  return names.filter((name) => rows.some(({ parts }) => parts[name] > 0));
}
