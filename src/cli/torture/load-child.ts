/**
 * A load process, from outside: started, given its task, watched, and killed.
 *
 * @module
 */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { ObjectsError } from '../../index.ts';
import type { LoadReport, LoadStep, LoadTask } from './load-report.ts';

/** What takes this long will never happen. */
const hangMs = 120_000;

export class LoadChild {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<LoadStep, () => void>();
  readonly #seen = new Set<string>();
  readonly #ended: Promise<void>;
  #refusal: Extract<LoadReport, { step: 'failed' }> | undefined;
  /** Called for each report, in order. */
  onReport: (report: LoadReport) => void = () => {};

  /** Starts a process, which waits for its task. */
  constructor(script: string) {
    const child = spawn(process.execPath, [script]);
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
      throw this.#failure(exitCode ?? signal, await errors);
    })();
    // Whoever ends the process hears of it.
    this.#ended.catch(() => {});
  }

  /** Gives the process its task. */
  begin(task: LoadTask): void {
    this.#child.stdin.end(`${JSON.stringify(task)}\n`);
  }

  /** Resolves when the process has said this, or has ended. Throws if neither comes. */
  async reached(step: LoadStep): Promise<void> {
    if (this.#seen.has(step) || this.#hasEnded()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the load hangs: it did not get to '${step}' in ${hangMs / 1000} s`));
      }, hangMs);
      this.#waiting.set(step, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * Kills the process, and resolves when it is gone and all that it said has been heard. Returns
   * whether it was still alive. Throws if it had failed by itself.
   */
  async kill(): Promise<boolean> {
    const wasAlive = !this.#hasEnded() && this.#child.kill('SIGKILL');
    await this.#ended;
    return wasAlive;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #take(line: string): void {
    let report: LoadReport;
    try {
      report = JSON.parse(line) as LoadReport;
    } catch {
      // The kill came in the middle of a line: the process had not finished saying it.
      return;
    }
    if (report.step === 'failed') this.#refusal = report;
    this.#seen.add(report.step);
    this.#waiting.get(report.step as LoadStep)?.();
    this.onReport(report);
  }

  /** Why the process ended by itself. */
  #failure(how: unknown, errors: string): Error {
    const refusal = this.#refusal;
    if (refusal === undefined) return new Error(`the load ended with ${String(how)}: ${errors}`);
    const { code, message } = refusal;
    return new ObjectsError(message, { code: code as ObjectsError['code'] });
  }
}
