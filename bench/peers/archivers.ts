/**
 * Programs that store folders: Varve's own command line, restic and borg, behind the same calls.
 *
 * @module
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../../src/cli/folder-import.ts';
import { borgCall } from '../../src/cli/bench/borg-target.ts';
import type { ProgramCall } from '../../src/cli/bench/program.ts';
import { resticCall } from '../../src/cli/bench/restic-target.ts';
import { versionOf } from '../size/tool.ts';
import { measureProgram, type ProgramCost } from './measured-program.ts';

export interface Archiver {
  readonly name: string;
  /** `undefined` if it is not installed. */
  version(): string | undefined;
  /** Makes an empty repository in a folder that is there and empty. */
  init(folder: string): Promise<void>;
  /** Stores a folder under a label, in one process. */
  store(folder: string, label: string, source: string): Promise<ProgramCost>;
  /** Writes what it stored under a label into a folder that is there and empty. */
  load(folder: string, label: string, target: string): Promise<ProgramCost>;
}

/** With their compression, or without any. */
export type Compression = 'on' | 'off';

/** Compiled or not, this file lies three folders deep, or four. */
const projectRoot = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../..', import.meta.url),
);

function varveCall(store: string, ...argv: string[]): ProgramCall {
  const script = join(projectRoot, 'dist/cli/main.js');
  const env = { VARVE_STORE: store };
  return { program: process.execPath, argv: [script, ...argv, '--json'], env };
}

/** Imports go into one bucket, each over the one before; the version id of each is kept. */
export function varveArchiver(): Archiver {
  const points = new Map<string, string | undefined>();
  return {
    name: 'varve',
    version: () => `this tree, Node ${process.version}`,
    init: async (folder) => {
      await measureProgram(varveCall(join(folder, 'store'), 'mb', 'trees', '--versioned'));
    },
    store: async (folder, label, source) => {
      const argv = ['import', source, 'trees/tree', '--delete'];
      const cost = await measureProgram(varveCall(join(folder, 'store'), ...argv));
      const { failed, skipped, point } = JSON.parse(cost.output) as ImportReport;
      const left = [...failed, ...skipped].map(({ path }) => path);
      if (left.length > 0) throw new Error(`not imported: ${left.join(', ')}`);
      if (point !== undefined) points.set(label, point);
      return cost;
    },
    load: (folder, label, target) => {
      const point = points.get(label);
      const at = point === undefined ? [] : ['--at', point];
      return measureProgram(
        varveCall(join(folder, 'store'), 'export', 'trees/tree', target, ...at),
      );
    },
  };
}

function placesOf(folder: string): { readonly repository: string; readonly home: string } {
  const places = { repository: join(folder, 'repository'), home: join(folder, 'home') };
  for (const each of Object.values(places)) mkdirSync(each, { recursive: true });
  return places;
}

function resticArchiver(compression: Compression): Archiver {
  const given = ['--compression', compression === 'on' ? 'auto' : 'off'];
  const restic = (folder: string, argv: string[], cwd?: string): Promise<ProgramCost> =>
    measureProgram(resticCall(placesOf(folder), argv, cwd));
  return {
    name: 'restic',
    version: () => versionOf('restic', 'version'),
    init: async (folder) => void (await restic(folder, ['init'])),
    store: (folder, label, source) =>
      restic(folder, [...given, 'backup', '--tag', label, '.'], source),
    load: (folder, label, target) =>
      restic(folder, ['restore', '--tag', label, 'latest', '--target', target]),
  };
}

function borgArchiver(compression: Compression): Archiver {
  const given = ['--compression', compression === 'on' ? 'zstd,3' : 'none'];
  const borg = (folder: string, argv: string[], cwd?: string): Promise<ProgramCost> =>
    measureProgram(borgCall(placesOf(folder), argv, cwd));
  const archive = (folder: string, label: string): string =>
    `${placesOf(folder).repository}::${label}`;
  return {
    name: 'borg',
    version: () => versionOf('borg', '--version'),
    init: async (folder) => {
      await borg(folder, ['init', '--encryption', 'none', placesOf(folder).repository]);
    },
    store: (folder, label, source) =>
      borg(folder, ['create', ...given, archive(folder, label), '.'], source),
    load: (folder, label, target) => borg(folder, ['extract', archive(folder, label)], target),
  };
}

/** Those of restic and borg that are installed. */
export function otherArchivers(compression: Compression): Archiver[] {
  return [resticArchiver(compression), borgArchiver(compression)].filter(
    (each) => each.version() !== undefined,
  );
}
