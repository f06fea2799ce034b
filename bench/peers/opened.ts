/**
 * A store opened by a process of its own, as a program finds it when it starts.
 *
 * @module
 */

import { fileURLToPath } from 'node:url';
import { measureProgram } from './measured-program.ts';
import type { Opened } from './open-process.ts';

/** Compiled, or through the loader that tests use. */
const isCompiled = !import.meta.url.endsWith('.ts');
const script = fileURLToPath(
  new URL(isCompiled ? 'open-process.js' : 'open-process.ts', import.meta.url),
);

/** Opens a store once. */
export async function openInProcess(folder: string): Promise<Opened> {
  const loader = isCompiled ? [] : ['--import', 'tsx'];
  const argv = ['--expose-gc', ...loader, script, folder];
  const { output } = await measureProgram({ program: process.execPath, argv });
  return JSON.parse(output) as Opened;
}
