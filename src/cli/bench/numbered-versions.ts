/**
 * Versions for stores that have none: each under a name of its own, as an application would do it.
 *
 * @module
 */

import type { Target } from './target.ts';

/** The two calls for versions, over `put` and `get`. */
export function numberedVersions(
  target: Pick<Target, 'put' | 'get'>,
): Pick<Target, 'putVersion' | 'getVersion'> {
  const nameOf = (name: string, version: number): string =>
    `${name}@${String(version).padStart(8, '0')}`;
  return {
    putVersion: (name, version, content) => target.put(nameOf(name, version), content),
    getVersion: (name, version) => target.get(nameOf(name, version)),
  };
}
