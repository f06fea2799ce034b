/**
 * Loading a package that a user may have and Varve does not depend on.
 *
 * It is looked for from the current folder first, where a project has its own, and then beside this
 * package. Only benchmarks load packages so, and only those that a person named.
 *
 * @module
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { TargetMissing } from './target.ts';

/** A package that was found. */
export interface OptionalPackage<T> {
  readonly module: T;
  /** Its name and version. */
  readonly version: string;
}

/** Loads a package. Throws {@link TargetMissing}, with how to get it, if it is not installed. */
export async function loadPackage<T>(name: string): Promise<OptionalPackage<T>> {
  for (const from of [pathToFileURL(join(process.cwd(), 'a.js')).href, import.meta.url]) {
    const path = resolved(name, from);
    if (path === undefined) continue;
    const module = await load<T>(pathToFileURL(path).href);
    return { module, version: `${name} ${versionOf(name, path)}` };
  }
  throw new TargetMissing(`it is not installed; get it with: npm install ${name}`);
}

/** Loads a module of Node that older ones do not have. `undefined` if this one does not. */
export async function loadBuiltin<T>(specifier: string): Promise<T | undefined> {
  try {
    return await load<T>(specifier);
  } catch (error) {
    if (codeOf(error) === 'ERR_UNKNOWN_BUILTIN_MODULE') return undefined;
    throw error;
  }
}

async function load<T>(specifier: string): Promise<T> {
  // A module of CommonJS is all in its default export.
  const module = (await import(specifier)) as { readonly default?: T };
  return module.default ?? (module as T);
}

function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch (error) {
    if (codeOf(error) === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** The version that the package of a file has, or `?`. Not all of them export their manifest. */
function versionOf(name: string, path: string): string {
  const folder = dirname(path);
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest)) {
    const found = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string; version?: string };
    if (found.name === name) return found.version ?? '?';
  }
  return folder === path ? '?' : versionOf(name, folder);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
