/**
 * The examples in the documents and in the comments of the public API work as they are printed.
 *
 * Each runs in an empty folder, with a fresh copy of the package, so that no default store is
 * shared.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Example, examplesOf, run, typeErrors, withAssertions } from '../support/examples.ts';
import { projectFiles, projectRoot } from '../support/project-files.ts';

const documents = projectFiles((path) => path.endsWith('.md'));
const sources = projectFiles((path) => /^src\/.+\.[cm]?ts$/.test(path));
const examples = [...documents, ...sources].flatMap((file) => examplesOf(file));

const folder = mkdtempSync(join(tmpdir(), 'varve-examples-'));

beforeEach(() => {
  process.chdir(mkdtempSync(join(folder, 'example-')));
  vi.resetModules();
});

afterEach(() => {
  process.chdir(projectRoot);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the documents', () => {
  // What an example claims, it asserts; one that claims nothing must at least not throw.
  for (const runnable of examples.filter(({ noRun }) => !noRun)) {
    test(`${runnable.path}:${runnable.line} runs`, async () => {
      await run(runnable);
    });
  }

  test('every example type-checks, also those that only run elsewhere', () => {
    expect(typeErrors(examples)).toEqual([]);
  });

  test('README.md has examples that run, and they claim something', () => {
    const ofReadme = examples.filter(({ path, noRun }) => path === 'README.md' && !noRun);
    expect(ofReadme.length, 'examples in README.md').toBeGreaterThan(0);
    const claims = ofReadme.map((example) => withAssertions(example).assertionCount);
    expect(Math.max(...claims), 'claims in an example of README.md').toBeGreaterThan(0);
  });

  test('every @example in src is a block of TypeScript', () => {
    const bare = sources.filter(
      (file) => (file.text.match(/^\s*\* @example\b/gm) ?? []).length > examplesOf(file).length,
    );
    expect(bare.map(({ path }) => path)).toEqual([]);
    expect(sources.length).toBeGreaterThan(30);
  });
});

const example = (code: string): Example => ({ path: 'a.md', line: 10, code, noRun: false });

describe('examplesOf', () => {
  test('finds the blocks of a document, and what they are marked with', () => {
    const text =
      '# A\n\n```ts\na;\n\nb;\n```\n\n```sh\nc\n```\n\n- d\n\n  ```ts no-run\n  e;\n  ```\n';
    expect(examplesOf({ path: 'a.md', text })).toEqual([
      { path: 'a.md', line: 4, code: 'a;\n\nb;', noRun: false },
      { path: 'a.md', line: 16, code: 'e;', noRun: true },
    ]);
  });

  test('finds the blocks of a comment, and none in code', () => {
    const code = 'const a = `\n```ts\nno;\n```\n`;\n';
    const text = `${code}/**\n * B.\n *\n * @example\n * \`\`\`ts\n * c; // 1\n * \`\`\`\n */\n`;
    expect(examplesOf({ path: 'src/a.ts', text })).toEqual([
      { path: 'src/a.ts', line: 11, code: 'c; // 1', noRun: false },
    ]);
  });

  test('refuses a block that never ends', () => {
    expect(() => examplesOf({ path: 'a.md', text: '```ts\na;\n' })).toThrow('a.md:1');
  });
});

describe('run', () => {
  test.each([
    "'a' + 'b'; // 'ab'",
    '2 - 3; // -1',
    '({ a: [1, { b: null }], c: undefined }); // { a: [1, { b: null }], c: undefined }',
    'await Promise.resolve(true); // true',
    "console.log('a'.length); // 1",
    'for (const a of [1, 1]) {\n  a; // 1\n}',
    '1; // 1',
    "await Promise.reject(Object.assign(new Error(), { code: 'FULL' })); // throws FULL",
    "import { basename } from 'node:path';\n\nbasename('a/b'); // 'b'",
    "import path from 'node:path';\n\npath.basename('a/b'); // 'b'",
    "const { sep } = await import('node:path/posix');\nsep; // '/'",
    'const a: number = 1;\nexport const b = a;\nb; // 1',
    "await using a = { [Symbol.asyncDispose]: async () => {} };\ntypeof a; // 'object'",
  ])('passes where the claim holds: %s', async (code) => {
    expect(withAssertions(example(code)).assertionCount).toBe(1);
    await expect(run(example(code))).resolves.toBeUndefined();
  });

  test.each([
    "'a' + 'b'; // 'abc'",
    '2 - 3; // 1',
    '({ a: undefined }); // {}',
    'await Promise.resolve(true); // false',
    "console.log('a'.length); // 2",
    'for (const a of [1, 2]) {\n  a; // 1\n}',
    'await Promise.resolve(1); // throws NOT_FOUND',
    "await Promise.reject(Object.assign(new Error('a'), { code: 'FULL' })); // throws NOT_FOUND",
    "import { basename } from 'node:path';\n\nbasename('a/b'); // 'a'",
  ])('fails where it does not: %s', async (code) => {
    await expect(run(example(code))).rejects.toThrow(/^(?:expected|promise resolved)/);
  });

  test('fails where the code throws', async () => {
    await expect(run(example("throw new Error('a');"))).rejects.toThrow('a');
  });

  test('takes other comments for prose', () => {
    for (const prose of ['a folder', 'or: 5', 'throws if it is closed', 'Date', 'moves no bytes']) {
      expect(withAssertions(example(`f(); // ${prose}`)).assertionCount).toBe(0);
    }
  });

  test('refuses a comment that only looks like a value', () => {
    for (const unclear of [
      '5 chunks',
      "'a' or 'b'",
      '{ size: 3, … }',
      '[1, 2',
      'true if it is there',
    ]) {
      expect(() => withAssertions(example(`a;\nf(); // ${unclear}`))).toThrow(
        'a.md:11: looks like',
      );
    }
  });
});

describe('typeErrors', () => {
  test('finds what running does not', () => {
    const wrong = example("const a = 1;\nconst b: string = a;\nimport { c } from 'varve/d';");
    expect(typeErrors([wrong, example('export const a = 1;')])).toEqual([
      expect.stringMatching(/^a\.md:11: Type 'number' is not assignable/),
      expect.stringMatching(/^a\.md:12: Cannot find module 'varve\/d'/),
    ]);
  });
});
