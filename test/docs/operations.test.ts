/**
 * docs/operations.md is true: its console sessions are typed in, one command after the other, and
 * what is printed is what it says. `…` stands for anything within a line, and on a line of its own
 * for any lines, or none.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Workplace } from '../support/command-line.ts';
import { projectFiles } from '../support/project-files.ts';

interface Step {
  readonly line: number;
  readonly command: string;
  readonly printed: string;
}

/** The commands in the console blocks of a document, with what each prints. */
function stepsOf(text: string): Step[] {
  const steps: { line: number; command: string; printed: string[] }[] = [];
  let isConsole = false;
  for (const [index, whole] of text.split('\n').entries()) {
    // A block may stand in a list.
    const line = whole.replace(/^ {2}/, '');
    if (line.startsWith('```')) isConsole = line === '```console';
    else if (isConsole && line.startsWith('$ ')) {
      steps.push({ line: index + 1, command: line.slice(2), printed: [] });
    } else if (isConsole) steps.at(-1)?.printed.push(line);
  }
  return steps.map(({ printed, ...step }) => ({ ...step, printed: printed.join('\n') }));
}

/** What is printed, as a pattern. */
function patternOf(printed: string): RegExp {
  const escaped = printed.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  const pattern = escaped
    .replace(/^…\n/gm, '(?:[^]*\n)?')
    .replace(/^…$/gm, '[^]*')
    .replaceAll('…', '.*');
  return new RegExp(`^${pattern}$`);
}

const document = projectFiles((path) => path === 'docs/operations.md')[0]?.text ?? '';
const steps = stepsOf(document);

describe.skipIf(process.platform === 'win32')('docs/operations.md', () => {
  let place: Workplace;

  beforeAll(() => {
    place = new Workplace();
  });

  afterAll(() => {
    place.remove();
  });

  test.each(steps)('line $line: $command', async ({ command, printed }) => {
    const { stdout } = await place.shell(`exec 2>&1\n${command}`);
    expect(stdout.trimEnd().replaceAll(place.folder, '/srv')).toMatch(patternOf(printed));
  });
});

test('a session of which something else is printed is found', () => {
  const text = '  ```console\n  $ echo a\n  b\n  $ echo c\n…\nd … f\n```\n$ not here';
  expect(stepsOf(text)).toEqual([
    { line: 2, command: 'echo a', printed: 'b' },
    { line: 4, command: 'echo c', printed: '…\nd … f' },
  ]);
  expect('a').not.toMatch(patternOf('b'));
  expect('a\nb').not.toMatch(patternOf('…'.repeat(2)));
  expect('x.y\nd e f').toMatch(patternOf('…\nd … f'));
  expect('x.y\nd e f').not.toMatch(patternOf('x+y\nd … f'));
});

test('the document has sessions', () => {
  expect(steps.length).toBeGreaterThan(10);
});
