/**
 * Repair moves what it cannot use to `quarantine/` and says that it deletes nothing. It synced the
 * folder that the file came to and the one it came from, but not those that lead there: a power cut
 * just after could keep the removal of the old name and lose the new folder with the file in it.
 */

import { expect, test } from 'vitest';
import { quarantine } from '../../src/engine/maintenance/quarantine.ts';
import { FaultyFileSystem } from '../support/faulty-file-system.ts';

test.each(['move', 'leave'] as const)(
  'what repair puts into quarantine survives a power cut (%s)',
  async (what) => {
    const fileSystem = new FaultyFileSystem();
    await fileSystem.makeDirectory('/store/segments');
    const file = await fileSystem.open('/store/segments/00000002.vs', 'create');
    await file.write([Uint8Array.from([1, 2, 3])], 0);
    await file.sync();
    await file.close();
    for (const folder of ['/store/segments', '/store', '/']) await fileSystem.syncDirectory(folder);
    const moved = { file: 'segments/00000002.vs', reason: 'a test' };
    await quarantine(fileSystem, '/store', moved, what);
    const survivors = fileSystem.survivors('/store');
    expect(survivors.get('quarantine/segments/00000002.vs')).toEqual(Uint8Array.from([1, 2, 3]));
    expect(survivors.has('quarantine/segments/00000002.vs.txt')).toBe(true);
    expect(survivors.has('segments/00000002.vs')).toBe(what === 'leave');
  },
);
