/**
 * The mixed load as a child process: started, given its task, watched, and killed.
 *
 * It runs the compiled package: `tsx` would take longer to start than most of these processes live.
 */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { builtFile } from '../support/build.ts';
import type { LoadReport, LoadTask } from './mixed-load.ts';

/** Compiles the script of the process. It imports no other source. */
export function compileMixedLoad(): string {
  const source = readFileSync(new URL('./mixed-load.ts', import.meta.url), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  const path = join(mkdtempSync(join(tmpdir(), 'varve-load-')), 'mixed-load.mjs');
  writeFileSync(path, outputText);
  return path;
}

export class MixedLoadProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<LoadReport['step'], () => void>();
  readonly #seen = new Set<LoadReport['step']>();
  readonly #ended: Promise<void>;
  /** Called for each report, in order. */
  onReport: (report: LoadReport) => void = () => {};

  /** Starts a process, which waits for its task. */
  constructor(script: string) {
    const packageUrl = pathToFileURL(builtFile('index.js')).href;
    const child = spawn(process.execPath, [script, packageUrl]);
    this.#child = child;
    // Killed before it has read its task: that is not this side's failure.
    child.stdin.on('error', () => {});
    const errors = text(child.stderr);
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      this.#take(line);
    });
    this.#ended = (async () => {
      const [[exitCode, signal]] = await Promise.all([once(child, 'close'), once(lines, 'close')]);
      for (const resolve of this.#waiting.values()) resolve();
      if (exitCode === 0 || signal === 'SIGKILL') return;
      throw new Error(`the load failed, exit code ${String(exitCode)}: ${await errors}`);
    })();
    // Whoever ends the process hears of it.
    this.#ended.catch(() => {});
  }

  /** Gives the process its task. */
  begin(task: LoadTask): void {
    this.#child.stdin.end(`${JSON.stringify(task)}\n`);
  }

  /** Resolves when the process has said this, or has ended. */
  async reached(step: LoadReport['step']): Promise<void> {
    if (this.#seen.has(step) || this.#child.exitCode !== null) return;
    await new Promise<void>((resolve) => this.#waiting.set(step, resolve));
  }

  /**
   * Kills the process, and resolves when it is gone and all that it said has been heard. Returns
   * whether it was still alive. Throws if it had failed by itself.
   */
  async kill(): Promise<boolean> {
    const wasAlive = this.#child.exitCode === null && this.#child.kill('SIGKILL');
    await this.#ended;
    return wasAlive;
  }

  #take(line: string): void {
    let report: LoadReport;
    try {
      report = JSON.parse(line) as LoadReport;
    } catch {
      // The kill came in the middle of a line: the process had not finished saying it.
      return;
    }
    this.#seen.add(report.step);
    this.#waiting.get(report.step)?.();
    this.onReport(report);
  }
}
