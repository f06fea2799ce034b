/**
 * The compiled package, for tests that must run it as its users do: in processes of their own.
 *
 * `npm test` builds first. Run alone, such a test could find an older build and prove nothing, so a
 * build that is older than the sources is refused.
 *
 * @module
 */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles, projectRoot } from './project-files.ts';

/** A file in `dist`. Throws if the build is missing or out of date. */
export function builtFile(path: string): string {
  const built = join(projectRoot, 'dist', path);
  const builtMs = existsSync(built) ? statSync(built).mtimeMs : 0;
  const newer = projectFiles((source) => source.startsWith('src/')).find(
    (source) => statSync(join(projectRoot, source.path)).mtimeMs > builtMs,
  );
  if (newer !== undefined) throw new Error(`${newer.path} is newer than dist: run npm run build`);
  return built;
}
