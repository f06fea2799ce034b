#!/usr/bin/env node
/**
 * `varve`: the command line, as a process.
 *
 * The first SIGINT or SIGTERM aborts the command, which cleans up, closes the store and ends with
 * the signal's exit code; a second one ends the process at once. Stdout may vanish (`| head`): the
 * write that fails is noticed where it is made, so its event needs no handler but this empty one.
 *
 * The build makes one file of this and all it imports, but for dependencies: a process that ends
 * within a second should not spend a tenth of it on finding two hundred files.
 *
 * @module
 */

import process from 'node:process';
import { exitCodes } from './exit-code.ts';
import { Interruption, runCommandLine } from './program.ts';

const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort(new Interruption(exitCodes.interrupted)));
process.once('SIGTERM', () => interruption.abort(new Interruption(exitCodes.terminated)));
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  storeFromEnvironment: process.env['VARVE_STORE'] ?? '',
  signal: interruption.signal,
});
