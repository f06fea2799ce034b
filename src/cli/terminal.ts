/**
 * Where a command's words go: results to stdout, everything about them to stderr.
 *
 * With `--json`, every result is one JSON document on one line, so that a stream of entries is
 * NDJSON; without it, the same results are text. Messages are one line each, `varve: …`, in both
 * cases; after a failure with `--json`, the last line of stderr is
 * `{"error":{"code":…,"message":…}}`.
 *
 * A reader of stdout that goes away (`varve cat … | head`) makes {@link Terminal.print} and
 * {@link Terminal.write} reject with {@link ReaderGone}, which ends the command and is no failure.
 *
 * @module
 */

import type { Failure } from './exit-code.ts';
import { printable } from './printable.ts';
import { type Progress, ProgressLine } from './progress-line.ts';

/** Lines are gathered up to this size: one system call a line would slow long listings. */
const gatheredCharacters = 16_384;

/** Whoever read our output has gone away. */
export class ReaderGone extends Error {
  override readonly message = 'nobody reads the output any more';
}

/** Stdout and stderr of one command. */
export class Terminal {
  /** Whether results are JSON. */
  readonly json: boolean;
  readonly #stdout: NodeJS.WritableStream;
  readonly #stderr: NodeJS.WritableStream;
  readonly #progress: ProgressLine;
  #gathered = '';

  constructor(options: {
    readonly json: boolean;
    readonly stdout: NodeJS.WritableStream;
    readonly stderr: NodeJS.WritableStream;
  }) {
    this.json = options.json;
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.#progress = new ProgressLine(options.stderr);
  }

  /** Prints one result: the document with `--json`, else the text. Resolves when there is room. */
  async print(document: unknown, text: string): Promise<void> {
    this.#gathered += `${this.json ? JSON.stringify(document) : text}\n`;
    if (this.#gathered.length >= gatheredCharacters) await this.#flush();
  }

  /**
   * Hands everything printed to the system, and takes the progress line away. If nobody reads it
   * any more, so be it: what the command did is done, and its exit code stands.
   */
  async finish(): Promise<void> {
    this.#progress.clear();
    try {
      await this.#flush();
    } catch (error) {
      if (!(error instanceof ReaderGone)) throw error;
    }
  }

  /** Writes content as it is. Resolves when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#send(bytes);
  }

  /** Says something about the results: one line on stderr. */
  warn(message: string): void {
    this.#progress.clear();
    this.#stderr.write(`varve: ${printable(message)}\n`);
  }

  /** Says why the command failed. */
  fail(failure: Failure): void {
    this.warn(failure.message);
    if (!this.json) return;
    const { code, message } = failure;
    this.#stderr.write(`${JSON.stringify({ error: { code, message } })}\n`);
  }

  /** Shows how far the command is, if a person is looking. Programs that read JSON are not told. */
  showProgress(label: string, progress: Progress): void {
    if (!this.json) this.#progress.update(label, progress);
  }

  async #flush(): Promise<void> {
    const text = this.#gathered;
    this.#gathered = '';
    if (text === '') return;
    this.#progress.clear();
    await this.#send(text);
  }

  #send(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stdout.write(data, (error) => {
        if (!error) resolve();
        else reject('code' in error && error.code === 'EPIPE' ? new ReaderGone() : error);
      });
    });
  }
}
