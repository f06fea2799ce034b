/**
 * Trees for stores that have records: each file under a name of its own, many at a time.
 *
 * @module
 */

import { inLanes } from './lanes.ts';
import type { Scanned, Target } from './target.ts';

/** So many files of a tree are on their way together. */
const filesInFlight = 32;

/** The two calls for trees, over `put`, `listFolder` and `get`. */
export function treeOfRecords(
  target: Pick<Target, 'put' | 'get' | 'listFolder'>,
): Pick<Target, 'prepareTree' | 'getTree'> {
  return {
    prepareTree: (tree, files) => () =>
      inLanes(filesInFlight, files.length, async (index) => {
        const { name, content } = files[index] as Scanned;
        await target.put(`${tree}/${name}`, content);
      }),
    getTree: async (tree) => {
      const names = await target.listFolder(`${tree}/`);
      const found: Scanned[] = [];
      for (const name of names) {
        const content = await target.get(name);
        if (content !== undefined) found.push({ name: name.slice(tree.length + 1), content });
      }
      return found;
    },
  };
}
