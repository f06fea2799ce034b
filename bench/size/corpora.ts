/**
 * What is measured on: releases of packages as npm has them, and content that is made here.
 *
 * The packages differ in what evolves: large source files, JSON like dumps of a database, binaries,
 * thousands of small files, files that are compressed already. What is made here is of random
 * bytes, in which nothing can be saved: all that a store takes beyond them is its bookkeeping.
 *
 * @module
 */

import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  fetchReleases,
  fetchTarballs,
  installedReleases,
  smallPackage,
  type Release,
  type WantedReleases,
} from '../../scripts/releases.ts';
import { generatedBytes } from '../../test/support/content.ts';

export interface Corpus {
  readonly name: string;
  /** What it stands for. */
  readonly title: string;
  /** Its releases, oldest first, kept in a folder; `undefined` if they cannot be had. */
  releases(folder: string): Release[] | undefined;
}

const packages = {
  ts: {
    name: 'typescript',
    versions: ['5.2.2', '5.3.3', '5.4.5', '5.5.4', '5.6.3', '5.7.3', '5.8.3', '5.9.3'],
  },
  bcd: {
    name: '@mdn/browser-compat-data',
    versions: Array.from({ length: 12 }, (_, index) => `8.0.${index + 3}`),
  },
  aws: { name: 'aws-sdk', versions: ['2.1691.0', '2.1692.0', '2.1693.0'] },
  esb: {
    name: '@esbuild/linux-x64',
    versions: ['0.27.5', '0.27.6', '0.27.7', '0.28.0', '0.28.1', '0.28.2'],
  },
  small: {
    name: 'date-fns',
    versions: ['3.0.6', '3.1.0', '3.2.0', '3.3.1', '3.4.0', '3.5.0'],
  },
} satisfies Record<string, WantedReleases>;

export const corpora: readonly Corpus[] = [
  fetched('ts', 'large source files', packages.ts),
  fetched('bcd', 'JSON, as dumps of a database', packages.bcd),
  fetched('aws', 'source and JSON, thousands of files', packages.aws),
  fetched('esb', 'binaries', packages.esb),
  fetched('small', 'thousands of small files', packages.small),
  {
    name: 'tgz',
    title: 'compressed archives',
    releases: (folder) => archivesOf(folder, packages.bcd),
  },
  {
    name: 'random-files',
    title: '5000 files of 1 to 4 KB of random bytes',
    releases: (folder) => [made(folder, 'files', (target) => makeSmallFiles(target, 5000))],
  },
  {
    name: 'random-stream',
    title: '128 MiB of random bytes in one file',
    releases: (folder) => [made(folder, 'stream', (target) => makeLargeFile(target, 128))],
  },
];

/** Quickly there and quickly done. Without a network it is what `node_modules` has. */
export const smokeCorpus: Corpus = {
  name: 'smoke',
  title: 'a small package',
  releases: (folder) => fetchReleases(folder, smallPackage) ?? installedReleases('node_modules'),
};

function fetched(name: string, title: string, wanted: WantedReleases): Corpus {
  return { name, title, releases: (folder) => fetchReleases(folder, wanted) };
}

/** Each release is a folder with one archive. */
function archivesOf(folder: string, wanted: WantedReleases): Release[] | undefined {
  const tarballs = fetchTarballs(join(folder, 'tgz'), wanted);
  return tarballs?.map((tarball, index) => {
    const version = wanted.versions[index] as string;
    const make = (target: string): void => copyFileSync(tarball, join(target, basename(tarball)));
    return made(folder, version, make);
  });
}

/** A folder that is made once. It gets its name when it is whole. */
function made(folder: string, version: string, make: (target: string) => void): Release {
  const target = join(folder, version);
  if (!existsSync(target)) {
    const partial = `${target}.part`;
    mkdirSync(partial, { recursive: true });
    make(partial);
    renameSync(partial, target);
  }
  return { name: basename(folder), version, folder: target };
}

function makeSmallFiles(folder: string, count: number): void {
  for (let index = 0; index < count; index++) {
    const below = join(folder, `folder-${index % 50}`);
    mkdirSync(below, { recursive: true });
    const bytes = generatedBytes(index, 1024 + ((index * 7919) % 3072));
    writeFileSync(join(below, `file-${index}.bin`), bytes);
  }
}

function makeLargeFile(folder: string, mebibytes: number): void {
  writeFileSync(join(folder, 'large.bin'), generatedBytes(1, mebibytes * 2 ** 20));
}
