/**
 * Running a program to its end, with bytes in and bytes out.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { TargetMissing } from './target.ts';

/** How a program is called. */
export interface ProgramCall {
  readonly program: string;
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Beside the variables that this process has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Gives a program some bytes, and returns what it printed. Throws if it failed. */
export async function runProgram(
  { program, argv, cwd, env }: ProgramCall,
  input: readonly Uint8Array[] = [],
): Promise<Buffer> {
  const child = spawn(program, argv, { cwd, env: { ...process.env, ...env } });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => output.push(piece));
  child.stderr.on('data', (piece: Buffer) => errors.push(piece));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program may end before it has read everything: then its code says what happened.
  const fed = pipeline(Readable.from(input), child.stdin).catch(() => finished(child.stdout));
  const [code] = await Promise.all([ended, fed]);
  if (code === 0) return Buffer.concat(output);
  const said = Buffer.concat(errors).toString('utf8').trim();
  throw new Error(`${program} ${argv.join(' ')} ended with ${code}: ${said}`);
}

/** The first line that a program prints when it is asked. Throws {@link TargetMissing} if none. */
export function programVersion(program: string, ...argv: string[]): string {
  const child = spawnSync(program, argv, { encoding: 'utf8' });
  const line = child.status === 0 ? child.stdout.split('\n')[0]?.trim() : undefined;
  if (line === undefined) throw new TargetMissing(`the program ${program} is not installed`);
  return line;
}
