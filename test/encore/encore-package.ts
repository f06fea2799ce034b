/**
 * The published `encore.dev` package, unmodified, on Varve: loaded as an application loads it.
 *
 * Its types are imported from its compiled declarations, because the package's own `types` lead to
 * sources that only a bundler can resolve.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileLibrary } from './compiled-library.ts';

type EncoreObjects = typeof import('../../node_modules/encore.dev/dist/storage/objects/mod.js');
type Varve = typeof import('../../src/index.ts');

export interface EncorePackage {
  readonly encore: EncoreObjects;
  /** The copy of Varve that the package runs on. */
  readonly varve: Varve;
  /** The file that `ENCORE_RUNTIME_LIB` names. */
  readonly runtimeFile: string;
  /** Removes the copy. What is loaded stays loaded. */
  remove(): Promise<void>;
}

/** Loads the package, on a store in memory. Once in a process: it keeps its runtime for ever. */
export async function loadEncorePackage(): Promise<EncorePackage> {
  const folder = await compileLibrary();
  const runtimeFile = join(folder, 'encore-runtime.cjs');
  process.env['ENCORE_RUNTIME_LIB'] = runtimeFile;
  process.env['VARVE_STORE'] = 'memory';
  // Names that the compiler does not follow: for it, neither has types that it can read.
  const [packageName, libraryUrl] = [
    'encore.dev/storage/objects',
    pathToFileURL(join(folder, 'index.js')).href,
  ];
  return {
    encore: (await import(packageName)) as EncoreObjects,
    varve: (await import(libraryUrl)) as Varve,
    runtimeFile,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
