/**
 * The built command line in a child process, with a folder of its own to work in.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { openStore } from '../../src/index.ts';
import { builtFile } from './build.ts';

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  /** For stdin. */
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
}

const main = builtFile('cli/main.js');

/** A temporary folder with a store in it that commands find by themselves. */
export class Workplace {
  /** The folder in which commands run. */
  readonly folder: string = mkdtempSync(join(tmpdir(), 'varve-cli-'));

  /**
   * Makes a versioned bucket, and objects in it, one after the other. In this process: what is
   * not under test need not start another.
   */
  async fill(bucketName: string, objects: Readonly<Record<string, string>> = {}): Promise<void> {
    const store = await openStore(this.path('.varve'));
    try {
      const bucket = await store.createBucket(bucketName, { versioned: true });
      for (const [name, content] of Object.entries(objects)) await bucket.upload(name, content);
    } finally {
      await store.close();
    }
  }

  /** A path in the folder. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Runs a command to its end. */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const child = spawn(process.execPath, [main, ...argv], {
      cwd: this.folder,
      env: { ...process.env, VARVE_STORE: '', TZ: 'UTC', ...options.env },
    });
    // A command that does not read its input closes it: that is not this side's failure.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
    const [stdoutBytes, stderr, [exitCode]] = await Promise.all([
      buffer(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { exitCode, stdout: stdoutBytes.toString(), stdoutBytes, stderr };
  }

  /** Runs a command that must succeed without a word on stderr. Returns its stdout. */
  async ok(...argv: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(argv);
    if (exitCode !== 0 || stderr !== '') {
      throw new Error(`varve ${argv.join(' ')} ended with ${exitCode}: ${stderr}`);
    }
    return stdout;
  }

  /** Runs a command that must succeed with `--json`. Returns its only document. */
  async json<T>(...argv: string[]): Promise<T> {
    return JSON.parse(await this.ok(...argv, '--json')) as T;
  }

  /** Runs a command that must succeed with `--json`. Returns its documents. */
  async jsonLines<T>(...argv: string[]): Promise<T[]> {
    const lines = (await this.ok(...argv, '--json')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as T);
  }

  /** Runs a shell script in which `varve` is the command line, and `$VARVE` for other shells. */
  async shell(script: string): Promise<Outcome> {
    const quoted = [process.execPath, main].map((word) => `'${word}'`).join(' ');
    const preamble = `set -o pipefail\nvarve() { ${quoted} "$@"; }\n`;
    const child = spawn('bash', ['-c', preamble + script], {
      cwd: this.folder,
      env: { ...process.env, VARVE_STORE: '', VARVE: quoted, TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdoutBytes, stderr, [exitCode]] = await Promise.all([
      buffer(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ]);
    return { exitCode, stdout: stdoutBytes.toString(), stdoutBytes, stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
