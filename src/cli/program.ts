/**
 * The command line: reads the arguments, runs the command, says how it ended.
 *
 * Errors that somebody foresaw become one line and an exit code here, and only here. Others are
 * bugs and are thrown on.
 *
 * @module
 */

import { Command, CommanderError } from 'commander';
import { addBenchCommand } from './commands/bench-command.ts';
import { addBucketCommands } from './commands/bucket-commands.ts';
import { addFolderCommands } from './commands/folder-commands.ts';
import { addListCommand } from './commands/list-command.ts';
import { addReadingCommands, addWritingCommands } from './commands/object-commands.ts';
import { addRepairCommand } from './commands/repair-command.ts';
import { addStatsCommand } from './commands/stats-command.ts';
import { addStoreCommands } from './commands/store-commands.ts';
import { addTortureCommand } from './commands/torture-command.ts';
import { type ExitCode, exitCodes, type Failure, failureOf } from './exit-code.ts';
import { packageVersion } from './package-version.ts';
import { type Host, Shell } from './shell.ts';
import { ReaderGone, Terminal } from './terminal.ts';

/** Why the signal of the process fired. */
export class Interruption extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/** Runs one command line. Resolves with the exit code when everything is written and closed. */
export async function runCommandLine(argv: readonly string[], host: Host): Promise<ExitCode> {
  const program = new Command('varve')
    .description('An object store in a folder, which deduplicates and keeps versions.')
    .version(packageVersion(), '-V, --version')
    // So that `get --version ID` is not the program's own option.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      // Errors are thrown, and written where all errors are.
      writeErr: () => {},
    });
  const shell = new Shell(program, host);
  addBucketCommands(shell);
  addWritingCommands(shell);
  addReadingCommands(shell);
  addListCommand(shell);
  addFolderCommands(shell);
  addStatsCommand(shell);
  addStoreCommands(shell);
  addRepairCommand(shell);
  addTortureCommand(shell);
  addBenchCommand(shell);
  program.addHelpText('after', '\nExit codes and examples: docs/cli.md in the package.');

  if (argv.length === 0) {
    host.stderr.write(program.helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return shell.exitCode;
  } catch (error) {
    return ended(error, host, argv);
  }
}

/** Says why a command ended early, and gives its exit code. */
function ended(
  error: unknown,
  { signal, stdout, stderr }: Host,
  argv: readonly string[],
): ExitCode {
  // Help was asked for and printed, or whoever read our output has seen enough.
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
  if (error instanceof ReaderGone) return exitCodes.ok;
  const reason: unknown = signal.reason;
  const failure: Failure | undefined =
    reason instanceof Interruption
      ? { code: 'ABORTED', message: reason.message, exitCode: reason.exitCode }
      : failureOf(error);
  if (failure === undefined) throw error;
  new Terminal({ json: argv.includes('--json'), stdout, stderr }).fail(failure);
  return failure.exitCode;
}
