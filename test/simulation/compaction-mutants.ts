/**
 * What compaction and optimize might do in the wrong order, or not safely.
 */

import { at, mutant, type Mutant } from './mutant.ts';

/** What compaction does in the wrong order, or not safely. */
export const compactionMutants: readonly Mutant[] = [
  mutant(
    'a moment is taken without a sync',
    at('compacting', /^the end/),
    'committer.ts',
    'await this.sync();\n          resolve(await action());',
    'resolve(await action());',
  ),
  mutant(
    'copies are not synced before they count',
    at('compacting', /^rename/, { statesPerPoint: 40 }),
    'maintenance/compaction.ts',
    'await target.sync();\n  const between',
    'const between',
  ),
  mutant(
    'a snapshot is not synced',
    at('compacting, index lost', /^(removeTree|the end)/, {
      seeds: 4,
      statesPerPoint: 60,
      statesPerInnerPoint: 0,
    }),
    'snapshots.ts',
    'await file.sync();',
  ),
  mutant(
    'the name of a snapshot is not synced',
    at('compacting, index lost', /^(removeTree|the end)/, {
      statesPerPoint: 60,
      statesPerInnerPoint: 0,
    }),
    'snapshots.ts',
    'await fileSystem.syncDirectory(this.#folder);',
  ),
  mutant(
    'the folder of snapshots is not synced',
    at('compacting, index lost', /^(removeTree|the end)/, {
      statesPerPoint: 60,
      statesPerInnerPoint: 0,
    }),
    'snapshots.ts',
    'await fileSystem.syncDirectory(this.#storeDirectory);',
  ),
  mutant(
    'a rebuild begins without the snapshot',
    at('compacting, index lost', /^the end/),
    'opening.ts',
    'await snapshots.load(index)',
    'undefined',
  ),
  mutant(
    'frames that optimize wrote count before they are synced',
    at('optimizing', /^(removeTree|sync|the end)/, { statesPerPoint: 40 }),
    'maintenance/new-forms.ts',
    '    await target.sync();\n',
  ),
  mutant(
    'a chunk that optimize wrote has none of its new edges',
    at('optimizing', /^the end/, { seeds: 12 }),
    'commit-group.ts',
    'this.layer.add(adoptionEffects({ id, location: to, children: bases }));',
    'this.layer.add([locationChange(id, to)]);',
  ),
  mutant(
    'files are retired without a snapshot',
    at('compacting, index lost', /^the end/, { seeds: 12, loseIndexEvery: 1 }),
    'maintenance/compaction.ts',
    'await parts.snapshots.take(moment, signal);',
  ),
  mutant(
    'older snapshots go before the new one has its name',
    at('compacting, index lost', /^rename/, {
      statesPerPoint: 10,
      statesPerInnerPoint: 0,
      loseIndexEvery: 1,
    }),
    'snapshots.ts',
    'await fileSystem.rename(unfinished, path);',
    'for (const one of await fileSystem.readDirectory(this.#folder)) {\n' +
      'if (snapshotName.test(one)) await fileSystem.remove(`${this.#folder}/${one}`);\n}\n' +
      'await fileSystem.rename(unfinished, path);',
  ),
  mutant(
    'copies count whatever became of the chunk',
    at('removed while compacting', /^the end/, { statesPerInnerPoint: 0 }),
    'commit-group.ts',
    'if (found?.fileId !== from.fileId || found.offset !== from.offset) continue;',
    'if (found?.fileId === -1) continue;',
  ),
  mutant(
    'journal files are retired that will be replayed',
    at('removed while a snapshot is taken', /^the end/, {
      seeds: 24,
      statesPerInnerPoint: 0,
      loseIndexEvery: 1,
    }),
    'maintenance/compaction.ts',
    'return fileId < position.fileId && fileId !== journal.openFileId;',
    'return fileId !== journal.openFileId;',
  ),
  mutant(
    'the file with the highest id is retired',
    at('given up', /^the end/, { seeds: 12, statesPerInnerPoint: 0 }),
    'maintenance/compaction.ts',
    'if (liveBytes !== 0 || fileId === highest) return false;',
    'if (liveBytes !== 0) return false;',
  ),
  mutant(
    'files with chunks on their way are compacted',
    at('uploading while compacting', /^the end/, { statesPerInnerPoint: 0 }),
    'maintenance/compaction.ts',
    'id !== target.openFileId && !staged.has(id)',
    'id !== target.openFileId',
  ),
];
