/**
 * How values and progress are shown to a person.
 *
 * @module
 */

import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatCount,
  formatCounted,
  formatSize,
  formatTime,
  printable,
} from '../../src/cli/printable.ts';
import { describeProgress, ProgressLine } from '../../src/cli/progress-line.ts';
import { Terminal } from '../../src/cli/terminal.ts';

describe('printable', () => {
  test('what is printed never breaks a line nor speaks to the terminal', () => {
    expect(printable('a\nb\u001b[2J\u007f\u009b\u202e\u2028')).toBe(
      'a\\x0ab\\x1b[2J\\x7f\\x9b\\u202e\\u2028',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test('other text is as it is', () => {
    expect(printable('ä/\u{1f600} \\ "')).toBe('ä/\u{1f600} \\ "');
  });
});

describe('formatSize', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [1023.9 * 1024, '1023.9 KiB'],
    [1024 ** 3, '1.0 GiB'],
    [5 * 1024 ** 5, '5.0 PiB'],
    [5000 * 1024 ** 5, '5000.0 PiB'],
  ])('%d bytes are %s', (sizeBytes, text) => {
    expect(formatSize(sizeBytes)).toBe(text);
  });
});

test('counts have their noun, times are in UTC', () => {
  expect(formatCounted(1, 'file')).toBe('1 file');
  expect(formatCounted(1234567, 'file')).toBe('1,234,567 files');
  expect(formatTime(new Date('2026-01-31T23:59:59.999Z'))).toBe('2026-01-31 23:59:59Z');
});

test('counts are grouped as the machine would in English', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (count) => {
      expect(formatCount(count)).toBe(count.toLocaleString('en-US'));
    }),
  );
});

describe('describeProgress', () => {
  test('shows a bar if there is a total, which is never more than full', () => {
    expect(describeProgress('get', { done: 512, total: 1024, unit: 'bytes' })).toBe(
      `get  [${'#'.repeat(12)}${' '.repeat(12)}]  50 %  512 B of 1.0 KiB`,
    );
    expect(describeProgress('verify', { done: 3, total: 2, unit: 'chunks' })).toBe(
      `verify  [${'#'.repeat(24)}] 100 %  3 chunks of 2 chunks`,
    );
  });

  test('shows only what is done if there is none', () => {
    expect(describeProgress('put', { done: 1, unit: 'files' })).toBe('put  1 file');
  });
});

/** A stream that keeps what it got and says that it is a terminal, or not. */
class Recorder extends PassThrough {
  readonly isTTY: boolean;
  readonly columns = 20;
  #text = '';

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
    this.on('data', (data: Buffer) => {
      this.#text += data.toString();
    });
  }

  get text(): string {
    return this.#text;
  }
}

describe('ProgressLine', () => {
  test('is silent where nobody looks', () => {
    const stream = new Recorder(false);
    const line = new ProgressLine(stream);
    line.update('a', { done: 1, unit: 'files' });
    line.clear();
    expect(stream.text).toBe('');
  });

  test('stays narrower than the terminal and can be taken away', () => {
    const stream = new Recorder(true);
    const line = new ProgressLine(stream);
    line.update('a'.repeat(50), { done: 1, unit: 'files' });
    expect(stream.text).toBe(`\r\u001b[K${'a'.repeat(19)}`);
    line.clear();
    line.clear();
    expect(stream.text).toBe(`\r\u001b[K${'a'.repeat(19)}\r\u001b[K`);
  });

  test('many updates are few drawings', () => {
    const stream = new Recorder(true);
    const line = new ProgressLine(stream);
    const startedMs = performance.now();
    for (let done = 0; done < 10_000; done++) line.update('a', { done, unit: 'files' });
    const possible = 1 + Math.floor((performance.now() - startedMs) / 100);
    const drawn = stream.text.split('\r').length - 1;
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThanOrEqual(possible);
  });
});

describe('Terminal', () => {
  test('with json, prints documents, and no progress even on a terminal', async () => {
    const [stdout, stderr] = [new Recorder(true), new Recorder(true)];
    const terminal = new Terminal({ json: true, stdout, stderr });
    terminal.showProgress('a', { done: 1, unit: 'files' });
    await terminal.print({ name: 'a\nb' }, 'text');
    await terminal.finish();
    expect(stdout.text).toBe('{"name":"a\\nb"}\n');
    expect(stderr.text).toBe('');
  });

  test('takes the progress line away before it says anything', () => {
    const [stdout, stderr] = [new Recorder(true), new Recorder(true)];
    const terminal = new Terminal({ json: false, stdout, stderr });
    terminal.showProgress('a', { done: 1, unit: 'files' });
    terminal.warn('b\nc');
    expect(stderr.text).toBe('\r\u001b[Ka  1 file\r\u001b[Kvarve: b\\x0ac\n');
  });
});
