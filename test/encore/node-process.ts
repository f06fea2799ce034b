/**
 * A program in a process of its own, run by plain Node as a user's is.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { projectRoot } from '../support/project-files.ts';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an ES module's text to its end. Nothing of vitest's environment is passed on. */
export function runProgram(
  program: string,
  { env = {}, cwd = projectRoot }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Ended> {
  const { PATH = '' } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { cwd, env: { PATH, ...env }, timeout: 30_000 },
      (_, stdout, stderr) => {
        resolve({ exitCode: child.exitCode, stdout, stderr });
      },
    );
  });
}
