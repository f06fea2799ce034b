/**
 * What is simulated: the engine, compiled from `src` with a few words changed.
 *
 * The same few limits are always changed, so that a store of some kilobytes rolls its files and
 * takes checkpoints. A mutant changes one thing more. Each change names text that must be found
 * exactly once, so a change that no longer fits is an error and not a test that passes.
 *
 * The copies lie below `node_modules`, where Node finds the dependencies, and where the test runner
 * leaves code as it is: it runs as fast as it does for users.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { Engine } from '../../src/engine/engine.ts';
import { projectRoot } from '../support/project-files.ts';

/** Text in a file of `src` that becomes other text. */
export interface Change {
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

/** What the simulation calls. */
export interface Target {
  readonly Engine: typeof Engine;
}

const scaled: readonly Change[] = [
  {
    file: 'base/limits.ts',
    search: 'export const logFileBytesMax: number = 64 * mebibyte;',
    replace: 'export const logFileBytesMax: number = 6 * kibibyte;',
  },
  {
    file: 'base/limits.ts',
    search: 'export const checkpointBytes: number = 64 * mebibyte;',
    replace: 'export const checkpointBytes: number = 9 * kibibyte;',
  },
  // No frame is so large here, and each opening makes one.
  {
    file: 'base/limits.ts',
    search: 'export const readBufferBytes: number = 576 * kibibyte;',
    replace: 'export const readBufferBytes: number = 4 * kibibyte;',
  },
  {
    file: 'base/limits.ts',
    search:
      "assert(readAheadBytes < readBufferBytes, 'what is read at a time fits, frames and all');",
    replace: '',
  },
  {
    file: 'base/limits.ts',
    search: "assert(chunkBytesMax < logFileBytesMax, 'a frame fits in a log file');",
    replace: '',
  },
];

const sources = new Map<string, string>();
const compiled = new Map<string, string>();

/** Compiles and loads the engine with these changes. */
export async function loadTarget(name: string, changes: readonly Change[] = []): Promise<Target> {
  const folder = join(
    projectRoot,
    'node_modules/.cache/varve-simulation',
    `${process.pid}-${name}`,
  );
  rmSync(folder, { recursive: true, force: true });
  for (const file of filesOf()) {
    const path = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, compile(changed(file, [...scaled, ...changes])));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  try {
    const url = pathToFileURL(join(folder, 'engine/engine.js')).href;
    return (await import(/* @vite-ignore */ url)) as Target;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesOf(): string[] {
  return ['base', 'engine'].flatMap((folder) =>
    readdirSync(join(projectRoot, 'src', folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => `${folder}/${path.replaceAll('\\', '/')}`),
  );
}

function changed(file: string, changes: readonly Change[]): string {
  let source = sources.get(file);
  if (source === undefined) {
    source = readFileSync(join(projectRoot, 'src', file), 'utf8');
    sources.set(file, source);
  }
  for (const { file: wanted, search, replace } of changes) {
    if (wanted !== file) continue;
    const count = source.split(search).length - 1;
    if (count !== 1) throw new Error(`${file} has ${count} times, not once: ${search}`);
    source = source.replace(search, () => replace);
  }
  return source;
}

function compile(source: string): string {
  let output = compiled.get(source);
  if (output === undefined) {
    output = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        rewriteRelativeImportExtensions: true,
      },
    }).outputText;
    compiled.set(source, output);
  }
  return output;
}
