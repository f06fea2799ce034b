/**
 * Mistakes that somebody might make in the protocol, each as a change of a few words of `src`.
 *
 * A harness that cannot fail is worth nothing: each of these must be found by it.
 */

import { compactionMutants } from './compaction-mutants.ts';
import { at, mutant, type Mutant } from './mutant.ts';

/** What is not made safe that should be. */
const unsafe: readonly Mutant[] = [
  mutant(
    'a commit is acknowledged without a sync',
    at('small', /^the end/),
    'committer.ts',
    'if (needsSync) await journal.sync();',
  ),
  mutant(
    'a sync of a log file does nothing',
    at('os only', /^the end/),
    'log/log-writer.ts',
    'await this.#file.sync();',
  ),
  mutant(
    'a durable write is only a write',
    at('small', /^the end/),
    'log/log-writer.ts',
    'writeDurably.call(file, parts, position)',
    'file.write(parts, position)',
  ),
  mutant(
    'a durable write is taken for a sync of what was written before',
    at('alternating', /^(sync .*journal|the end)/, { statesPerPoint: 60 }),
    'log/log-writer.ts',
    'const isAllDurable = this.#writtenEnd === this.#durableEnd;',
    'const isAllDurable = true;',
  ),
  mutant(
    'room is made where a commit is on its way to',
    at('one by one', /^the end/, { seeds: 8 }),
    'log/room-ahead.ts',
    'if (end > this.#end) await this.#lengthening;',
  ),
  mutant(
    'a commit is acknowledged before it is written',
    at('small', /^write .*journal/),
    'committer.ts',
    'const failure = await this.#write(group, needsSync);',
    'for (const { commit, result } of members) commit.resolve(result);\n' +
      'const failure = await this.#write(group, needsSync);',
  ),
  mutant(
    'the name of a new log file is not synced',
    at('small', /^the end/),
    'log/log-files.ts',
    'await this.#fileSystem.syncDirectory(this.#folder(header.kind));',
  ),
  mutant(
    'the header of a new log file is not synced',
    at('small', /^sync .*journal/),
    'log/log-files.ts',
    'await writeFully(file, [bytes], 0);\n      await file.sync();',
    'await writeFully(file, [bytes], 0);',
  ),
  mutant(
    'the VARVE file is not synced',
    at('birth', /^syncDirectory .*journal/),
    'incarnation.ts',
    'await file.sync();',
  ),
  mutant(
    'the name of the VARVE file is not synced',
    at('birth', /^syncDirectory .store$/),
    'opening.ts',
    'await platform.fileSystem.syncDirectory(directory);',
  ),
  mutant(
    'the names above the store are not synced',
    at('birth', /^batch/),
    'durable-directory.ts',
    'await fileSystem.syncDirectory(path);',
  ),
  mutant(
    'both slots of the VARVE file are one',
    at('small', /^sync .*VARVE/, { statesPerPoint: 200 }),
    'log/superblock.ts',
    'return (sequence % 2) * slotBytes;',
    'return 0;',
  ),
  mutant(
    'the VARVE file of a killed maker is believed to be safe',
    at('birth', /^sync .*VARVE/),
    'opening.ts',
    'if (superblock?.sequence === 0) await makeSuperblock(platform, directory, ' +
      "superblock, 'update');",
  ),
  mutant(
    'the newest slot is not made safe before the other is written over',
    at('small', /^sync .*VARVE/, { statesPerInnerPoint: 30, continueEvery: 1 }),
    'incarnation.ts',
    "await writeSuperblock(platform, directory, this.#superblock, 'update');",
  ),
];

/** What recovery does wrong. */
const recovery: readonly Mutant[] = [
  mutant(
    'the accepted tail is not written again',
    at('small', /^write .*journal/),
    'log/recovery.ts',
    'else await files.resync(lastFile, last.durableEnd, end.offset);',
  ),
  mutant(
    'the accepted tail is written again, and not synced',
    at('small', /^write .*journal/),
    'log/log-files.ts',
    'await writeFully(file, [bytes], from);\n        await file.sync();',
    'await writeFully(file, [bytes], from);',
  ),
  mutant(
    'a file without a commit is believed to be safe',
    at('kills', /^sync .*journal/),
    'log/recovery.ts',
    'await files.secure(lastFile);',
    ';',
  ),
  mutant(
    'a file with half a header is not discarded',
    at('small', /^sync .*journal/),
    'log/recovery.ts',
    'await files.discard(newest);\n    await discardUnfinished(files);',
  ),
  mutant(
    'adopted chunks are not in the commit',
    at('segments', /^the end/),
    'commit-group.ts',
    "await this.#perform({ kind: 'adopt', fileId, offsets: places.sort((a, b) => a - b) });",
  ),
];

/** What goes to the index too soon, or is believed of it. */
const index: readonly Mutant[] = [
  mutant(
    'a flush of LevelDB is believed',
    at('rolling', /^sync .*journal/),
    'index/database.ts',
    'return !before.some((name) => after.includes(name));',
    'return true;',
  ),
  mutant(
    'a checkpoint is taken whether LevelDB flushed or not',
    at('rolling', /^sync .*journal/),
    'checkpoint.ts',
    'if (!(await database.flush(fileSystem))) return false;',
    'await database.flush(fileSystem);',
  ),
  mutant(
    'a checkpoint is taken without a flush',
    at('rolling', /^sync .*journal/),
    'checkpoint.ts',
    'if (!(await database.flush(fileSystem))) return false;',
  ),
  mutant(
    'rows of all commits go to LevelDB with those that are safe',
    at('slow index', /^(sync .*journal|batch|the end)/, { seeds: 12, statesPerInnerPoint: 0 }),
    'index/index-store.ts',
    'const batch = this.#layers.filter((layer) => layer.lastLsn <= this.#durableLsn);',
    'const batch = [...this.#layers];',
  ),
];

/** What is claimed, or believed, or acknowledged too soon. */
const claims: readonly Mutant[] = [
  mutant(
    'a full journal file is not synced',
    at('os rolling', /^write .*journal/, { statesPerPoint: 60, statesPerInnerPoint: 0 }),
    'journal.ts',
    'if (full.end < logFileBytesMax && !this.#isSealed) return;\n      await this.sync();',
    'if (full.end < logFileBytesMax && !this.#isSealed) return;',
  ),
  mutant(
    'a full segment is not synced',
    at('long', /^the end/),
    'segments.ts',
    'full.pad();\n      await full.sync();',
  ),
  mutant(
    'a commit does not wait for its segment',
    at('segments', /^the end/),
    'chunk-stage.ts',
    'await this.#area.segments.sync();',
  ),
  mutant(
    'a commit claims that all before it is safe',
    at('os only', /^(sync .*journal|the end)/, { statesPerPoint: 300, statesPerInnerPoint: 0 }),
    'journal.ts',
    'const { fileId, end } = this.#durableEnd;',
    'const { fileId, end } = this.#end;',
  ),
  mutant(
    'rows go to LevelDB before their commit is safe',
    at('os only', /^(sync .*journal|the end)/, { statesPerPoint: 100, statesPerInnerPoint: 0 }),
    'committer.ts',
    'if (isDurable) {\n      index.markDurable(lastLsn);',
    'index.markDurable(lastLsn);\n    if (lastLsn > 0) {',
  ),
  mutant(
    'the payload of a commit is not checked',
    at('wide', /^the end/, { statesPerPoint: 300, statesPerInnerPoint: 0 }),
    'log/recovery.ts',
    'if (!isPayloadIntact(crc32, salt, frame.payload, commit.blockChecksums)) return;',
  ),
  mutant(
    'the payload of a chunk is not checked',
    at('os rolling', /^sync .*journal/, { statesPerPoint: 200, statesPerInnerPoint: 0 }),
    'log/recovery.ts',
    'if (!isPayloadIntact(crc32, salt, frame.payload, blockChecksums)) return;',
  ),
  mutant(
    'a commit is acknowledged while its sync is under way',
    at('small', /^sync .*journal/),
    'committer.ts',
    'if (needsSync) await journal.sync();\n      await journal.flush();',
    'if (needsSync) void journal.sync().catch(() => undefined);',
  ),
  mutant(
    'version ids do not jump after a crash',
    at('os only', /^(sync .*journal|the end)/, { statesPerInnerPoint: 0, continueEvery: 1 }),
    'log/recovery.ts',
    'Math.max(lastLsn + 1, header.firstLsn) + lsnJump',
    'Math.max(lastLsn + 1, header.firstLsn)',
  ),
  mutant(
    'a close in an older file is believed',
    at('os after reopening', /^the end/, { statesPerInnerPoint: 0, continueEvery: 1 }),
    'log/recovery.ts',
    "const isClosed = last?.payload.operations.at(-1)?.kind === 'close';\n" +
      '    last ??= await lastGroupBefore(files, crc32, header);',
    'last ??= await lastGroupBefore(files, crc32, header);\n' +
      "    const isClosed = last?.payload.operations.at(-1)?.kind === 'close';",
  ),
  mutant(
    'a chunk is freed though an upload was promised it',
    at('sharing', /^the end/, { seed: 2, statesPerInnerPoint: 0 }),
    'commit-group.ts',
    'if (!this.#state.leases.beginChange(chunkKey(id))) return false;',
    'this.#state.leases.beginChange(chunkKey(id));',
  ),
  mutant(
    'ids of log files are taken from the VARVE file alone',
    at('kills', /^the end/),
    'incarnation.ts',
    'Math.max(superblock.nextFileId, files.nextId)',
    'superblock.nextFileId',
  ),
  mutant(
    'a checkpoint does not wait for what was acknowledged',
    at('os rolling', /^compactRange/, { statesPerPoint: 40, statesPerInnerPoint: 0 }),
    'checkpoint.ts',
    'await committer.sync();',
  ),
  mutant(
    'a rebuilt index is noted unproved',
    at('index lost behind a checkpoint', /^write .*journal/, {
      statesPerPoint: 40,
      statesPerInnerPoint: 0,
    }),
    'opening.ts',
    'if (checkpoint !== undefined && (await database.flush(platform.fileSystem))) {',
    'if (checkpoint !== undefined) {',
  ),
  mutant(
    'a group that is half safe claims it',
    at('synced half way', /^sync .*journal/, {
      seed: 3,
      seeds: 12,
      statesPerPoint: 60,
      statesPerInnerPoint: 0,
    }),
    'journal.ts',
    'const { fileId, end } = this.#durableEnd;\n' +
      '    const durableEnd = fileId === writer.fileId ? end : fileHeaderBytes;',
    'const { durableEnd } = writer;',
  ),
  mutant(
    'the chain of frames is not checked',
    at('synced half way', /^sync .*journal/, {
      seed: 3,
      seeds: 12,
      statesPerPoint: 60,
      statesPerInnerPoint: 0,
    }),
    'log/walk.ts',
    'if (chainOf(crc32, bytes.subarray(0, payloadStart), chain) !== header.chain) return;',
  ),
  mutant(
    'a shared chunk that another moved is not waited for',
    at('shared while it moves', /^sync .*segments/, {
      seeds: 12,
      statesPerPoint: 8,
      statesPerInnerPoint: 0,
    }),
    'commit-group.ts',
    'if (staged.spilling !== undefined && !staged.isDurable) await stage.seal();',
  ),
  mutant(
    'an index that lacks the checkpoint is believed',
    at('index lost behind a checkpoint', /^write .*journal/, {
      seeds: 8,
      statesPerPoint: 40,
      statesPerInnerPoint: 0,
    }),
    'opening.ts',
    'if (!(await knowsCheckpoint(index, complete))) return undefined;',
  ),
];

export const mutants: readonly Mutant[] = [
  ...unsafe,
  ...recovery,
  ...index,
  ...claims,
  ...compactionMutants,
];
