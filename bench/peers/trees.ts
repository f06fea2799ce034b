/**
 * Folders to store: releases of TypeScript, one by one and all as one tree.
 *
 * @module
 */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf, type Release } from '../../scripts/releases.ts';
import { EvolvingFile } from '../../src/cli/bench/evolving-file.ts';
import { corpora } from '../size/corpora.ts';
import type { Skipped } from './row.ts';
import type { Workplace } from './workplace.ts';

export const noReleases: Skipped = {
  skipped: 'the releases of typescript are not there, and npm cannot get them',
};

/** The releases, oldest first; `undefined` if they cannot be had. */
export function releasesOf(place: Workplace): Promise<readonly Release[] | undefined> {
  return place.shared('releases', async () => {
    if (place.scale.isSmoke) return madeReleases(place.newFolder('releases'));
    const corpus = corpora.find(({ name }) => name === 'ts');
    return corpus?.releases(join(place.corporaFolder, corpus.name));
  });
}

/** Two small ones: quickly there, and quickly stored. */
function madeReleases(folder: string): Release[] {
  const file = new EvolvingFile({ seed: 1, sizeBytes: 300_000, editRate: 0.02 });
  return ['1.0.0', '1.1.0'].map((version) => {
    const target = join(folder, version);
    mkdirSync(join(target, 'lib'), { recursive: true });
    writeFileSync(join(target, 'lib', 'text.js'), file.next());
    writeFileSync(join(target, 'same'), 'the same in both');
    return { name: 'made', version, folder: target };
  });
}

export interface Tree {
  readonly folder: string;
  readonly bytes: number;
}

/** All releases as one tree. */
export function treeOf(place: Workplace): Promise<Tree | undefined> {
  return place.shared('tree', async () => {
    const releases = await releasesOf(place);
    if (releases === undefined) return undefined;
    const folder = place.newFolder('tree');
    for (const { version, folder: source } of releases) {
      cpSync(source, join(folder, version), { recursive: true, preserveTimestamps: true });
    }
    return { folder, bytes: sizeOf(folder) };
  });
}
