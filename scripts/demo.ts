/**
 * The main job on real input: releases of a real package go into a versioned bucket, one after the
 * other, and every one of them comes back.
 *
 * It drives the command line as a person would, each command a process of its own, so whatever is
 * read was found again after a restart. Everything happens in a temporary folder, which is removed.
 * It ends with a failure if one byte of one release differs.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../src/cli/folder-import.ts';
import { formatSize } from '../src/cli/printable.ts';
import type { StoreStats, VerifyReport } from '../src/index.ts';
import {
  compareFolders,
  fetchReleases,
  filesOf,
  installedReleases,
  type Release,
  sizeOf,
  smallPackage,
} from './releases.ts';

const projectRoot = fileURLToPath(new URL('..', import.meta.url));
const commandLine = join(projectRoot, 'src/cli/main.ts');
const sandbox = mkdtempSync(join(tmpdir(), 'varve-demo-'));

try {
  const releases =
    fetchReleases(join(sandbox, 'releases'), smallPackage) ??
    installedReleases(join(projectRoot, 'node_modules'));
  const target = `packages/${releases[0]?.name}`;
  console.log();
  const points = importAll(releases, target);
  restoreAll(releases, target, points);
  sumUp(releases);
} finally {
  rmSync(sandbox, { recursive: true, force: true });
}

/** Imports one release over the other. Returns the points in time that they are. */
function importAll(releases: readonly Release[], target: string): string[] {
  console.log('$ varve mb packages --versioned');
  varve('mb', 'packages', '--versioned');
  return releases.map(({ name, version, folder }) => {
    console.log(`$ varve import ${name}-${version} ${target} --delete`);
    const report = varve<ImportReport>('import', folder, target, '--delete');
    console.log(describeImport(report));
    if (report.point === undefined) throw new Error('the import did not say what point it reached');
    return report.point;
  });
}

/** Restores every release as of its point. Throws if one is not what it was. */
function restoreAll(releases: readonly Release[], target: string, points: string[]): void {
  for (const [index, { name, version, folder }] of releases.entries()) {
    const point = points[index] as string;
    console.log(`$ varve export ${target} restored-${version} --at ${point}`);
    const restored = join(sandbox, `restored-${version}`);
    varve('export', target, restored, '--at', point);
    const differences = compareFolders(folder, restored);
    if (differences.length > 0) {
      throw new Error(`${name} ${version} came back different: ${differences.join(', ')}`);
    }
    const bytes = formatSize(sizeOf(restored));
    console.log(`  ${filesOf(restored).length} files, ${bytes}: every byte is what it was`);
  }
}

function sumUp(releases: readonly Release[]): void {
  console.log('$ varve verify');
  const { ok, versions, chunks } = varve<VerifyReport>('verify');
  if (!ok) throw new Error('the store is damaged');
  console.log(`  ${versions} versions in ${chunks} chunks: all is well\n`);
  const { storedBytes } = varve<StoreStats>('stats');
  const rawBytes = releases.reduce((sum, { folder }) => sum + sizeOf(folder), 0);
  console.log(
    `${releases.length} releases of ${releases[0]?.name}, ${formatSize(rawBytes)} of files, ` +
      `take ${formatSize(storedBytes)} in the store: ${(rawBytes / storedBytes).toFixed(1)} to 1.`,
  );
  console.log('Each came back as of its own point in time, compared byte by byte.');
}

function describeImport(report: ImportReport): string {
  const { files, bytes, changed, touched, unchanged, removed, newBytes, storedBytes } = report;
  const fates = [
    [report.new, 'new'],
    [changed, 'changed'],
    [touched + unchanged, 'with the same content'],
    [removed, 'removed'],
  ] as const;
  const shown = fates.filter(([count]) => count > 0).map((fate) => fate.join(' '));
  return (
    `  ${files} files, ${formatSize(bytes)}: ${shown.join(', ')}\n` +
    `  ${formatSize(newBytes)} of it is new and took ${formatSize(storedBytes)} to store`
  );
}

/** Runs a command and returns its result. */
function varve<T>(...argv: string[]): T {
  const loader = import.meta.resolve('tsx');
  const child = spawnSync(process.execPath, ['--import', loader, commandLine, ...argv, '--json'], {
    env: { ...process.env, VARVE_STORE: join(sandbox, 'store') },
    encoding: 'utf8',
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (child.status !== 0) {
    throw new Error(`varve ${argv.join(' ')} ended with ${child.status}:\n${child.stderr}`);
  }
  return JSON.parse(child.stdout) as T;
}
