/**
 * The measure of size measures what it says: a small corpus, release by release, by Varve and git.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawChart } from '../../bench/size/chart.ts';
import { smokeCorpus } from '../../bench/size/corpora.ts';
import { againstReference, type CorpusResult, measureCorpus } from '../../bench/size/measure.ts';
import { otherTools } from '../../bench/size/other-tools.ts';
import { formatCorpus, formatRatios } from '../../bench/size/size-report.ts';
import type { Tool } from '../../bench/size/tool.ts';
import { checkStore, hasCommand, varveTool } from '../../bench/size/varve-tool.ts';
import type { Release } from '../../scripts/releases.ts';

const folder = mkdtempSync(join(tmpdir(), 'varve-size-test-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const absentTool: Tool = {
  name: 'absent',
  version: () => undefined,
  begin: () => undefined,
  add: () => undefined,
  stages: [],
  partOf: () => 'other',
};

describe('a small package, release by release', () => {
  let result: CorpusResult;

  beforeAll(async () => {
    const measured = await measureCorpus(smokeCorpus, {
      corporaFolder: join(folder, 'corpora'),
      sandbox: folder,
      tools: [absentTool, ...otherTools.filter(({ name }) => name === 'git')],
      withVarve: true,
      optimize: false,
      reads: 2,
    });
    if (measured === undefined) throw new Error('there is no corpus');
    result = measured;
  });

  test('the parts of each row add up to the whole folder', () => {
    expect(result.rows.length).toBeGreaterThan(0);
    for (const { parts, bytes } of result.rows) {
      expect(Object.values(parts).reduce((sum, part) => sum + part, 0)).toBe(bytes);
    }
  });

  test('what the log is made of adds up to its files', () => {
    const { parts, store } = result.rows.find(({ name }) => name === 'varve') ?? {};
    const log = store?.log;
    expect(
      (log?.chunkPayloadBytes ?? 0) +
        (log?.chunkHeadBytes ?? 0) +
        (log?.nodeBytes ?? 0) +
        (log?.commitBytes ?? 0) +
        (log?.paddingBytes ?? 0) +
        (log?.restBytes ?? 0),
    ).toBe((parts?.journal ?? 0) + (parts?.segments ?? 0));
    expect(log?.chunks).toBeGreaterThan(100);
  });

  test('a read of less than a chunk reads frames, and not many', () => {
    const store = result.rows.find(({ name }) => name === 'varve')?.store;
    expect(store?.anyVersion.reads).toBe(2);
    expect(store?.newestVersion.versions).toBeLessThan(store?.anyVersion.versions ?? 0);
    expect(store?.anyVersion.chunksP50).toBeGreaterThanOrEqual(1);
  });

  test('a tool that is not installed has no row, and is named', () => {
    expect(result.notMeasured).toContainEqual({ name: 'absent', reason: 'not installed' });
    expect(result.rows.map(({ name }) => name)).not.toContain('absent');
    expect(formatCorpus(result)).toContain('absent: not installed');
  });

  test('the report holds each store against a packed git repository, or says why not', () => {
    const [varve] = result.rows;
    const ratio = varve && againstReference(result, varve)?.toFixed(2);
    expect(formatRatios([result])).toContain(ratio ?? 'not measured');
  });

  test('the chart has a bar for each row, and every number', () => {
    const chart = drawChart([result], 'measured <here>');
    expect(chart.match(/<title>[a-z, ]+: [\d.]+ MB<\/title>/g)?.length).toBeGreaterThan(
      result.rows.length,
    );
    expect(chart).toContain('measured &#60;here&#62;');
  });
});

test('a release that comes back different is no measurement', () => {
  const [stored, other] = ['one', 'another'].map((content): Release => {
    const release = join(folder, content);
    mkdirSync(release);
    writeFileSync(join(release, 'file'), content);
    return { name: 'made', version: content, folder: release };
  }) as [Release, Release];
  const repository = join(folder, 'repository');
  const tool = varveTool(false);
  tool.begin(repository);
  tool.add(repository, stored);
  const point = tool.points.get(stored.version);
  expect(() => checkStore(repository, other, point, join(folder, 'exported'))).toThrow(
    'came back different: file',
  );
});

test('a command that varve does not have is not asked for', () => {
  expect([hasCommand('import'), hasCommand('nothing')]).toEqual([true, false]);
});
