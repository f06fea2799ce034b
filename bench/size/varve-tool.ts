/**
 * Varve as its users have it: the command line, a process for each command.
 *
 * @module
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../../src/cli/folder-import.ts';
import { compareFolders, type Release } from '../../scripts/releases.ts';
import { type PartName, run, type Tool } from './tool.ts';

/** Compiled or not, this file lies three folders deep, or four. */
const projectRoot = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../..' : '../../..', import.meta.url),
);
const commandLine = join(projectRoot, 'dist/cli/main.js');
const bucket = 'packages';
const prefix = `${bucket}/release`;

const optimizedStage = {
  name: 'varve, optimized',
  run: (repository: string): void => {
    varve(repository, 'optimize');
  },
};

/** @param withOptimize - Whether to measure it again after `varve optimize`. */
export function varveTool(withOptimize: boolean): Tool & { readonly points: Map<string, string> } {
  const points = new Map<string, string>();
  return {
    name: 'varve',
    points,
    version: () => `varve of this tree, Node ${process.version}`,
    begin: (repository) => {
      varve(repository, 'mb', bucket, '--versioned');
    },
    add: (repository, { folder, version }) => {
      const report = varve(repository, 'import', folder, prefix, '--delete') as ImportReport;
      const { failed, skipped, point } = report;
      const left = [...failed, ...skipped].map(({ path }) => path);
      if (left.length > 0) throw new Error(`not imported: ${left.join(', ')}`);
      if (point !== undefined) points.set(version, point);
    },
    stages: [{ name: 'varve' }, ...(withOptimize ? [optimizedStage] : [])],
    partOf,
  };
}

function partOf(path: string): PartName {
  const folder = path.split('/')[0];
  return folder === 'segments' ||
    folder === 'journal' ||
    folder === 'snapshots' ||
    folder === 'index'
    ? folder
    : 'other';
}

/** Verifies a store, and a release in it byte for byte. Throws if either is not as it was. */
export function checkStore(
  repository: string,
  release: Release,
  point: string | undefined,
  exported: string,
): void {
  varve(repository, 'verify');
  const at = point === undefined ? [] : ['--at', point];
  varve(repository, 'export', prefix, exported, ...at);
  const differences = compareFolders(release.folder, exported);
  if (differences.length > 0) {
    throw new Error(
      `${release.name} ${release.version} came back different: ${differences.join(', ')}`,
    );
  }
}

/** Whether the command line has this command: the help of one that it does not know is no error. */
export function hasCommand(name: string): boolean {
  const help = run({ program: process.execPath, argv: [commandLine, '--help'] });
  return help.split('\n').some((line) => line.trim().split(' ')[0] === name);
}

/** Runs a command, and returns what it answered. */
function varve(repository: string, ...argv: string[]): unknown {
  const printed = run({
    program: process.execPath,
    argv: [commandLine, ...argv, '--json'],
    env: { VARVE_STORE: repository },
  });
  return JSON.parse(printed);
}
