/**
 * Releases of a real package, unpacked, for the demo to work on.
 *
 * They come from npm, by whatever client and settings the machine has. Without a network, versions
 * of one package that happen to lie in `node_modules` take their place.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** An unpacked release of a package. */
export interface Release {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

const packageName = 'yaml';
const packageVersions = ['2.4.5', '2.5.1', '2.6.1', '2.7.1'];

/** Of packages larger than this, the demo would take long. */
const fallbackBytesMax = 8 * 1024 * 1024;

/** The releases, oldest first; `undefined` if npm cannot get them. */
export function downloadReleases(prefix: string): Release[] | undefined {
  console.log(`Getting ${packageVersions.length} releases of ${packageName} with npm ...`);
  mkdirSync(prefix);
  // An alias for each, because npm would install only one version under the package's own name.
  const aliases = packageVersions.map((version) => `r${version}@npm:${packageName}@${version}`);
  const quietly = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--no-save'];
  const argv = ['install', '--prefix', prefix, ...quietly, '--fetch-retries=0', ...aliases];
  // Inside `npm run` this names the npm that runs us, which is a script and needs no shell.
  const npm = process.env['npm_execpath'];
  const child =
    npm === undefined
      ? spawnSync('npm', argv, { cwd: prefix, stdio: 'ignore' })
      : spawnSync(process.execPath, [npm, ...argv], { cwd: prefix, stdio: 'ignore' });
  if (child.status !== 0) {
    console.log('npm could not get them. Is there a network?');
    return undefined;
  }
  return packageVersions.map((version) => {
    return { name: packageName, version, folder: join(prefix, 'node_modules', `r${version}`) };
  });
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
