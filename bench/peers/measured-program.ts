/**
 * A program that is run to its end, with the time that passed and the time of the processors.
 *
 * Node does not tell what a child took of the processors; the shell does, of its own children.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import type { ProgramCall } from '../../src/cli/bench/program.ts';

export interface ProgramCost {
  readonly seconds: number;
  /** User and system, of the program and of what it started. */
  readonly cpuSeconds: number;
  readonly output: string;
}

/** Keeps what the program says apart from what the shell counts, which goes to descriptor 3. */
const countingScript = '"$@" 3>&-; code=$?; times >&3; exit $code';

/** Runs a program. Throws if it fails. */
export async function measureProgram(call: ProgramCall): Promise<ProgramCost> {
  const { program, argv, cwd, env } = call;
  const begunMs = performance.now();
  const child = spawn('sh', ['-c', countingScript, 'sh', program, ...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const texts = [1, 2, 3].map((index) => {
    const pieces: string[] = [];
    const stream = child.stdio[index] as NodeJS.ReadableStream;
    stream.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
    return pieces;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const seconds = (performance.now() - begunMs) / 1000;
  const [output = '', errors = '', times = ''] = texts.map((pieces) => pieces.join(''));
  if (code !== 0) throw new Error(`${program} ${argv.join(' ')} ended with ${code}: ${errors}`);
  return { seconds, cpuSeconds: childSeconds(times), output };
}

/** The second line is of the children: `0m1.500000s 0m0.250000s`. */
function childSeconds(times: string): number {
  const line = times.split('\n')[1] ?? '';
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) throw new Error(`the shell does not tell what a program took: ${times}`);
  return parts.reduce((sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest), 0);
}
