/**
 * The file system of Node keeps the contract, and its lock ends with the process that holds it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nodeFileSystem } from '../../../../src/engine/platform/node-file-system.ts';
import { fileSystemContract } from '../../../contract/file-system.contract.ts';

async function temporaryDirectory(): Promise<string> {
  const path = await realpath(tmpdir());
  return (await mkdtemp(`${path}/varve-files-`)).replaceAll('\\', '/');
}

const remove = (directory: string): Promise<void> =>
  rm(directory, { recursive: true, force: true });

/** Starts a process that asks for the lock; resolves with its answer. */
async function ask(
  directory: string,
  how: 'leave' | 'stay' | 'cluster',
): Promise<{ answer: string; child: ChildProcess; ended: Promise<unknown[]> }> {
  const script = fileURLToPath(new URL('hold-lock.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as unknown[];
  return { answer: String(line).trim(), child, ended };
}

/** Where the kernel has a lock that ends with the process. */
const hasKernelLock = process.platform === 'linux' || process.platform === 'win32';

describe('nodeFileSystem', () => {
  fileSystemContract(async () => {
    const directory = await temporaryDirectory();
    return { fileSystem: nodeFileSystem, directory, dispose: () => remove(directory) };
  });

  test('never opens the lock file of LevelDB', async () => {
    for (const path of ['store/index/LOCK', 'store\\index\\LOCK', 'LOCK']) {
      await expect(nodeFileSystem.open(path, 'read')).rejects.toThrow('LOCK');
    }
    await expect(nodeFileSystem.open('no/CLOCK', 'read')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('leaves no call hanging, and no close, after one that could not start', async () => {
    const directory = await temporaryDirectory();
    onTestFinished(() => remove(directory));
    const file = await nodeFileSystem.open(`${directory}/a`, 'create');
    await expect(file.read(new Uint8Array(1), Number.NaN)).rejects.toThrow();
    await expect(file.write([undefined as unknown as Uint8Array], 0)).rejects.toThrow();
    expect(await file.close()).toBeUndefined();
  });
});

describe.runIf(hasKernelLock)('the lock of nodeFileSystem', () => {
  async function lockedDirectory(): Promise<string> {
    const directory = await temporaryDirectory();
    onTestFinished(() => remove(directory));
    return directory;
  }

  test('is refused to another process, and to this one while another holds it', async () => {
    const directory = await lockedDirectory();
    const lock = await nodeFileSystem.lock(directory);
    expect((await ask(directory, 'leave')).answer).toBe('refused');
    await lock?.release();
    expect((await ask(directory, 'stay')).answer).toBe('granted');
    expect(await nodeFileSystem.lock(directory)).toBeUndefined();
  });

  test('is free again as soon as its holder was killed', async () => {
    const directory = await lockedDirectory();
    const { answer, child, ended } = await ask(directory, 'stay');
    expect(answer).toBe('granted');
    expect(await nodeFileSystem.lock(directory)).toBeUndefined();
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    const lock = await nodeFileSystem.lock(directory);
    expect(lock).toBeDefined();
    await lock?.release();
  });

  test('keeps no process alive', async () => {
    const { answer, ended } = await ask(await lockedDirectory(), 'leave');
    expect(answer).toBe('granted');
    expect(await ended).toEqual([0, null]);
  });

  test('is granted to one worker of a cluster only', async () => {
    const { answer } = await ask(await lockedDirectory(), 'cluster');
    expect(answer).toBe('granted refused');
  });

  test('is one lock by whatever path the directory is reached', async () => {
    const directory = await lockedDirectory();
    await symlink(directory, `${directory}/self`, 'junction');
    const lock = await nodeFileSystem.lock(directory);
    expect(await nodeFileSystem.lock(`${directory}/self`)).toBeUndefined();
    expect(await nodeFileSystem.lock(`${directory}/self/self`)).toBeUndefined();
    await lock?.release();
  });

  test.runIf(process.platform === 'linux')(
    'has a name that fills its address, so that every Node sees the same',
    async () => {
      const directory = await lockedDirectory();
      const lock = await nodeFileSystem.lock(directory);
      const { ino } = await stat(directory, { bigint: true });
      expect(lock).toBeDefined();
      const isMine = new RegExp(`^@varve-\\d+-${ino}-\\d+-+$`);
      let mine: string | undefined;
      // The kernel's list is read in pieces, and may leave out a socket while others come and go.
      for (let attempt = 0; mine === undefined && attempt < 100; attempt++) {
        const names = (await readFile('/proc/net/unix', 'latin1')).match(/@varve-[^\n]*/g) ?? [];
        mine = names.find((name) => isMine.test(name));
      }
      expect(mine).toHaveLength(108);
      await lock?.release();
    },
  );
});
