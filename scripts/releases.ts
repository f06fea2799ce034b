/**
 * Releases of real packages, unpacked, for the demo and the measure of size to work on.
 *
 * They come from npm, by whatever client and settings the machine has, and are kept: one that is
 * there is not fetched again. Without a network, versions of one package that happen to lie in
 * `node_modules` can take their place.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** An unpacked release of a package. */
export interface Release {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

/** Which releases of a package are wanted, oldest first. */
export interface WantedReleases {
  readonly name: string;
  readonly versions: readonly string[];
}

/** Small, and quickly fetched. */
export const smallPackage: WantedReleases = {
  name: 'yaml',
  versions: ['2.4.5', '2.5.1', '2.6.1', '2.7.1'],
};

/** Packages larger than this would take long. */
const fallbackBytesMax = 8 * 1024 * 1024;

/** Releases as files, as npm publishes them; `undefined` if npm cannot get them. */
export function fetchTarballs(folder: string, wanted: WantedReleases): string[] | undefined {
  mkdirSync(folder, { recursive: true });
  const plainName = wanted.name.replace('@', '').replace('/', '-');
  const pathOf = (version: string): string => join(folder, `${plainName}-${version}.tgz`);
  const missing = wanted.versions.filter((version) => !existsSync(pathOf(version)));
  if (missing.length > 0) {
    console.log(`Getting ${missing.length} releases of ${wanted.name} with npm ...`);
    const specifiers = missing.map((version) => `${wanted.name}@${version}`);
    const argv = ['pack', '--ignore-scripts', '--silent', '--fetch-retries=0', ...specifiers];
    // Inside `npm run` this names the npm that runs us, which is a script and needs no shell.
    const npm = process.env['npm_execpath'];
    const child =
      npm === undefined
        ? spawnSync('npm', argv, { cwd: folder, stdio: 'ignore' })
        : spawnSync(process.execPath, [npm, ...argv], { cwd: folder, stdio: 'ignore' });
    if (child.status !== 0) {
      console.log('npm could not get them. Is there a network?');
      return undefined;
    }
  }
  return wanted.versions.map(pathOf);
}

/** The releases, oldest first, each in a folder of its own; `undefined` if npm cannot get them. */
export function fetchReleases(folder: string, wanted: WantedReleases): Release[] | undefined {
  const tarballs = fetchTarballs(join(folder, 'tgz'), wanted);
  return tarballs?.map((tarball, index) => {
    const version = wanted.versions[index] as string;
    const target = join(folder, `${wanted.name.replace(/^.*\//, '')}-${version}`);
    if (!existsSync(target)) unpack(tarball, target);
    return { name: wanted.name, version, folder: target };
  });
}

/** It gets its name when it is whole. */
function unpack(tarball: string, target: string): void {
  const partial = `${target}.part`;
  mkdirSync(partial, { recursive: true });
  const argv = ['-xzf', tarball, '-C', partial, '--strip-components=1'];
  const { status, stderr } = spawnSync('tar', argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar could not unpack ${tarball}: ${stderr}`);
  renameSync(partial, target);
}

/** What `node_modules` has most versions of; of several such packages, the largest. */
export function installedReleases(nodeModules: string): Release[] {
  const packages = new Map<string, Map<string, Release>>();
  for (const folder of packageFolders(nodeModules)) {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const { name, version } = manifest as { name: string; version: string };
    const versions = packages.get(name) ?? new Map<string, Release>();
    packages.set(name, versions.set(version, { name, version, folder }));
  }
  const [best] = [...packages.values()]
    .map((versions) => [...versions.values()])
    .map((releases) => ({ releases, bytes: sizeOfAll(releases) }))
    .filter(({ bytes }) => bytes <= fallbackBytesMax)
    .sort((a, b) => b.releases.length - a.releases.length || b.bytes - a.bytes);
  if (best === undefined) throw new Error('node_modules holds no package: run npm ci first');
  const { releases } = best;
  console.log(`Using what lies in node_modules instead: ${releases[0]?.name}`);
  return releases.sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }));
}

/** Packages that hold no other packages, at any depth. */
function packageFolders(nodeModules: string): string[] {
  return readdirSync(nodeModules, { withFileTypes: true }).flatMap((entry) => {
    const folder = join(nodeModules, entry.name);
    if (!entry.isDirectory() || entry.name.startsWith('.')) return [];
    if (entry.name.startsWith('@')) return packageFolders(folder);
    const inside = join(folder, 'node_modules');
    if (existsSync(inside)) return packageFolders(inside);
    return existsSync(join(folder, 'package.json')) ? [folder] : [];
  });
}

function sizeOfAll(releases: readonly Release[]): number {
  return releases.reduce((sum, { folder }) => sum + sizeOf(folder), 0);
}

/** The bytes of the files in a folder, at any depth. */
export function sizeOf(folder: string): number {
  return filesOf(folder).reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
}

/** The files in a folder, at any depth: paths from it, in order. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Paths of files that only one folder has, or that differ in a byte. */
export function compareFolders(a: string, b: string): string[] {
  const [inA, inB] = [new Set(filesOf(a)), new Set(filesOf(b))];
  return [...new Set([...inA, ...inB])].filter(
    (path) =>
      !inA.has(path) ||
      !inB.has(path) ||
      !readFileSync(join(a, path)).equals(readFileSync(join(b, path))),
  );
}
