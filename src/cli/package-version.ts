/**
 * The version of this package, as its `package.json` has it.
 *
 * @module
 */

import { createRequire } from 'node:module';

/** Which release of Varve this is. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  return version;
}
