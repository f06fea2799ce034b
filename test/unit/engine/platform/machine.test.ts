/**
 * The platforms: what each is made of, and what their clock and randomness promise.
 */

import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../../src/engine/platform/clock.ts';
import { memoryPlatform, nodePlatform } from '../../../../src/engine/platform/machine.ts';
import { portablePlatform } from '../../../../src/engine/platform/portable-machine.ts';
import { cryptoRandomness } from '../../../../src/engine/platform/randomness.ts';
import { importsOf } from '../../../support/imports.ts';

/** Timers that keep this process alive. */
const timersAlive = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('the platforms', () => {
  test('keep the index where they keep the files', () => {
    expect(nodePlatform().indexIn).toBe('folder');
    expect(memoryPlatform().indexIn).toBe('memory');
    expect(portablePlatform().indexIn).toBe('memory');
  });

  test('name the process if it can be named', () => {
    expect(nodePlatform().process.pid).toBe(process.pid);
    expect(memoryPlatform().process.pid).toBe(process.pid);
    expect(portablePlatform().process.pid).toBe(0);
  });

  test('share a disk, but no memory', async () => {
    expect(nodePlatform().fileSystem).toBe(nodePlatform().fileSystem);
    for (const make of [memoryPlatform, portablePlatform]) {
      await make().fileSystem.makeDirectory('store');
      expect(await make().fileSystem.readDirectory('/')).toEqual([]);
    }
  });
});

describe('portablePlatform', () => {
  test('reaches no module of Node, over however many files', () => {
    const source = new URL('../../../../src/engine/platform/', import.meta.url);
    const found = reachedFrom(new URL('portable-machine.ts', source));
    expect(found.files).toContain(new URL('portable-compression.ts', source).href);
    expect(found.packages).toContain('fflate');
    expect(found.packages.filter((name) => isBuiltin(name))).toEqual([]);
  });
});

/** All files and packages that a file imports, and those that these import. */
function reachedFrom(start: URL): { files: string[]; packages: string[] } {
  const files = new Set([start.href]);
  const packages = new Set<string>();
  // A set takes what is added to it while it is iterated.
  for (const file of files) {
    const text = readFileSync(new URL(file), 'utf8');
    for (const { specifier } of importsOf(file, text)) {
      if (specifier.startsWith('.')) files.add(new URL(specifier, file).href);
      else packages.add(specifier);
    }
  }
  return { files: [...files], packages: [...packages] };
}

describe('systemClock', () => {
  test('tells the time', () => {
    const before = Date.now();
    const now = systemClock.nowMs();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test('runs what is scheduled, once, and not what was cancelled', async () => {
    const ran: string[] = [];
    systemClock.schedule(1, () => ran.push('kept'));
    systemClock.schedule(1, () => ran.push('cancelled')).cancel();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(ran).toEqual(['kept']);
  });

  test('keeps no process alive', () => {
    const before = timersAlive();
    const timer = systemClock.schedule(60_000, () => {});
    expect(timersAlive()).toBe(before);
    timer.cancel();
  });

  test('gives way to what is ready', async () => {
    const order: string[] = [];
    setImmediate(() => order.push('ready'));
    await systemClock.yield();
    order.push('back');
    expect(order).toEqual(['ready', 'back']);
  });
});

describe('cryptoRandomness', () => {
  test('fills as many bytes as asked for, differently each time', () => {
    for (const byteCount of [0, 1, 16, 65_536, 65_537, 200_000]) {
      expect(cryptoRandomness.bytes(byteCount).length).toBe(byteCount);
    }
    const large = cryptoRandomness.bytes(200_000);
    expect(large.subarray(-16).some((byte) => byte !== 0)).toBe(true);
    expect(cryptoRandomness.bytes(16)).not.toEqual(cryptoRandomness.bytes(16));
  });
});
