/**
 * The options that switch parity on and off: `--parity 16`, `--no-parity`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { StoreOptions } from '../index.ts';
import { parseCount } from './arguments.ts';

/** Declares the options. */
export function addParityOptions(command: Command): Command {
  return command
    .option(
      '--parity <blocks>',
      'from now on, one block of parity for so many blocks of the log: 2 to 256',
      parseCount,
    )
    .option('--no-parity', 'remove parity, and make none from now on');
}

/** What the options of a command say, if it has them. */
export function parityOf(command: Command): StoreOptions['parity'] {
  const { parity } = command.opts<{ parity?: number | boolean }>();
  if (parity === false) return false;
  // Only the option without a value makes it `true`: nothing was said.
  return typeof parity === 'number' ? { every: parity } : undefined;
}
