/**
 * The project keeps its house rules, and each rule can fail.
 *
 * Formatting, unused exports and unawaited promises are the business of prettier, knip and oxlint;
 * here is what they do not know.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import { projectFiles } from '../support/project-files.ts';
import { isShort, type Rule, rules } from '../support/tidiness.ts';

/** Files that are better long than in two, with the reason. */
const longFiles: Readonly<Record<string, string>> = {};

const files = projectFiles((path) => !path.startsWith('test/format/golden/'));

describe('the project', () => {
  test.each(Object.entries(rules))('%s', (_, rule) => {
    expect(files.flatMap((file) => rule(file))).toEqual([]);
  });

  test('isShort, but for the exceptions, and none of those is out of date', () => {
    const long = files.filter((file) => isShort(file).length > 0).map(({ path }) => path);
    expect(long).toEqual(Object.keys(longFiles).sort());
  });

  test('the rules look at something', () => {
    const count = (pattern: RegExp): number =>
      files.filter(({ path }) => pattern.test(path)).length;
    expect(count(/^src\/.+\.ts$/)).toBeGreaterThan(30);
    expect(count(/^test\/.+\.ts$/)).toBeGreaterThan(10);
    expect(count(/\.md$/)).toBeGreaterThan(5);
    expect(count(/^(?:package-lock\.json|\.ci\/run|\.npmrc)$/)).toBe(3);
  });
});

const header = '/**\n * What it is.\n *\n * @module\n */\n';
const titled = (text: string): string => `# Title\n\n${text}\n`;

/** A path, a text that keeps the rule, and one that breaks it; or the paths do. */
const cases: readonly {
  readonly rule: Rule | undefined;
  readonly good: readonly [path: string, text: string];
  readonly bad: readonly [path: string, text: string];
}[] = [
  {
    rule: rules['opensWithHeader'],
    good: ['src/cli/main.ts', `#!/usr/bin/env node\n${header}`],
    bad: ['src/cli/main.ts', '/**\n * What it is.\n */\n\n/** @module */\n'],
  },
  {
    rule: rules['opensWithHeader'],
    good: ['test/a.test.ts', '/** What it is. */\n'],
    bad: ['test/a.test.ts', 'const a = 1; /** What it is. */\n'],
  },
  {
    rule: rules['hasNoLongLine'],
    good: ['src/a.ts', `${'a'.repeat(100)}\n// https://example.com/${'a'.repeat(100)}\n`],
    bad: ['src/a.ts', `${'a'.repeat(101)}\n`],
  },
  {
    rule: rules['hasNoLongLine'],
    good: ['README.md', `| ${'a'.repeat(100)} |\n`],
    bad: ['README.md', `- ${'a'.repeat(100)}\n`],
  },
  {
    rule: isShort,
    good: ['src/a.ts', 'a;\n'.repeat(400)],
    bad: ['src/a.ts', 'a;\n'.repeat(401)],
  },
  {
    rule: rules['hasShortFunctions'],
    good: ['src/a.ts', `/** What. */\nfunction a() {\n${'b;\n'.repeat(68)}}\n`],
    bad: ['src/a.ts', `const a = () => {\n${'b;\n'.repeat(69)}};\n`],
  },
  {
    rule: rules['isFinished'],
    good: ['docs/a.md', 'To do is to be.'],
    bad: ['docs/a.md', `${'TO' + 'DO'}: be.`],
  },
  {
    rule: rules['isNamedForANoun'],
    good: ['src/base/bytes.ts', ''],
    bad: ['src/base/utils.ts', ''],
  },
  {
    rule: rules['isNamedForANoun'],
    good: ['src/common-prefix/a.ts', ''],
    bad: ['src/common/a.ts', ''],
  },
  {
    rule: rules['hasOneTitle'],
    good: ['docs/a.md', titled('```sh\n# no title\n```\n\n## Part')],
    bad: ['docs/a.md', titled('# Another')],
  },
  { rule: rules['hasOneTitle'], good: ['docs/a.md', titled('')], bad: ['docs/a.md', 'Text.'] },
  ...[
    ['src/work/a.ts', `/${'home'}/somebody/a.ts`],
    ['./root/a', `'/${'root'}/a'`],
    ['homework', `C:\\${'Users'}\\somebody`],
    ['the registry of npm', `https://${'registry'}.example.com/`],
    ['npmjs.com', `npm${'js'}.org`],
  ].map(([good, bad]) => ({
    rule: rules['isOfNoMachine'],
    good: ['docs/a.md', String(good)] as const,
    bad: ['docs/a.md', String(bad)] as const,
  })),
];

describe('each rule', () => {
  test.each(cases)('lets $good pass and finds $bad', ({ rule, good, bad }) => {
    expect(rule?.({ path: good[0], text: good[1] })).toEqual([]);
    expect(rule?.({ path: bad[0], text: bad[1] })).toHaveLength(1);
  });

  test('is shown to fail', () => {
    const shown = new Set(cases.map(({ rule }) => rule));
    expect([...Object.values(rules), isShort].filter((rule) => !shown.has(rule))).toEqual([]);
  });
});
