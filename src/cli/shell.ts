/**
 * What all commands share: their common options, and how they are run and ended.
 *
 * A command is declared with {@link Shell.command} and runs in {@link Shell.run}, which opens the
 * store before it and closes it after. Its exit code is kept for `main`, because the process must
 * end by itself: `process.exit` would cut off what stdout has not taken yet.
 *
 * @module
 */

import type { Command } from 'commander';
import { type ExitCode, exitCodes } from './exit-code.ts';
import { parityOf } from './parity-options.ts';
import { type Session, storeFolderOf, withStore } from './session.ts';
import { Terminal } from './terminal.ts';

/** What a command does; it returns its exit code unless that is 0. */
export type Work = (session: Session) => Promise<ExitCode | undefined>;

/** The parts of the process that commands use. */
export interface Host {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** `VARVE_STORE`, or `''`. */
  readonly storeFromEnvironment: string;
  /** Fires when the process is asked to end. */
  readonly signal: AbortSignal;
}

export class Shell {
  readonly #program: Command;
  readonly #host: Host;
  #exitCode: ExitCode = exitCodes.ok;

  constructor(program: Command, host: Host) {
    this.#program = addCommonOptions(program);
    this.#host = host;
  }

  /** The exit code of the command that ran. */
  get exitCode(): ExitCode {
    return this.#exitCode;
  }

  /** Declares a command. */
  command(name: string, description: string): Command {
    return addCommonOptions(this.#program.command(name).description(description));
  }

  /**
   * Runs a command with the store open.
   *
   * @param makesStore - Whether it may make the store.
   */
  async run(command: Command, work: Work, makesStore = false): Promise<void> {
    const { store: named } = command.optsWithGlobals<{ store?: string }>();
    const storeFolder = storeFolderOf(named, this.#host.storeFromEnvironment);
    const options = { mustExist: !makesStore, parity: parityOf(command) };
    await withStore(storeFolder, options, (store) =>
      this.runWithoutStore(command, (host) => work({ ...host, store, storeFolder })),
    );
  }

  /** Runs a command on a store that is not opened for it, as it may not open. */
  async runOnFolder(
    command: Command,
    work: (session: Omit<Session, 'store'>) => Promise<ExitCode | undefined>,
  ): Promise<void> {
    const { store: named } = command.optsWithGlobals<{ store?: string }>();
    const storeFolder = storeFolderOf(named, this.#host.storeFromEnvironment);
    await this.runWithoutStore(command, (host) => work({ ...host, storeFolder }));
  }

  /** Runs a command that has no use for the store. */
  async runWithoutStore(
    command: Command,
    work: (session: Omit<Session, 'store' | 'storeFolder'>) => Promise<ExitCode | undefined>,
  ): Promise<void> {
    const { stdin, stdout, stderr, signal } = this.#host;
    const { json } = command.optsWithGlobals<{ json?: boolean }>();
    const terminal = new Terminal({ json: json === true, stdout, stderr });
    try {
      this.#exitCode = (await work({ terminal, stdin, signal })) ?? exitCodes.ok;
    } finally {
      await terminal.finish();
    }
  }
}

/** The program and every command have them: they may stand before or behind a command's name. */
function addCommonOptions(command: Command): Command {
  return command
    .option('--store <folder>', 'the folder of the store (default: $VARVE_STORE, else .varve)')
    .option('--json', 'print results as JSON, one document on a line');
}
