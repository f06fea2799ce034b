/**
 * The documents agree with the code and with each other: error codes, links, decisions.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { describe, expect, test } from 'vitest';
import { suites } from '../../bench/suites.ts';
import { projectFiles } from '../support/project-files.ts';

const documents = projectFiles((path) => path.endsWith('.md'));
const paths = new Set(projectFiles(() => true).map(({ path }) => path));

/** Targets of the links in a Markdown text, without those that lead out of the project. */
function linksOf(text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a document, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function leadsSomewhere(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? from : join(dirname(from), file).replace(/\/$/, '');
  if (![...paths].some((known) => known === path || known.startsWith(`${path}/`))) return false;
  const target = documents.find((document) => document.path === path);
  return anchor === undefined || anchorsOf(target?.text ?? '').includes(anchor);
}

describe('the documents', () => {
  test('every link leads somewhere', () => {
    const dead = documents.flatMap(({ path, text }) =>
      linksOf(text)
        .filter((link) => !leadsSomewhere(path, link))
        .map((link) => `${path}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  test('a link to nowhere is found', () => {
    expect(linksOf('[a](b.md) [c](https://example.org) [d](#e)')).toEqual(['b.md', '#e']);
    expect(leadsSomewhere('docs/errors.md', 'nothing.md')).toBe(false);
    expect(leadsSomewhere('docs/errors.md', '#nothing')).toBe(false);
    expect(leadsSomewhere('docs/errors.md', 'cli.md#exit-codes')).toBe(true);
    expect(leadsSomewhere('README.md', 'docs/decisions')).toBe(true);
  });

  test('docs/errors.md has every error code, and no other', () => {
    const source = readFileSync('src/base/errors.ts', 'utf8');
    const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
    const rows = readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z_]+)`/gm);
    expect([...rows].map(([, code]) => code)).toEqual(codes);
    expect(codes.length).toBeGreaterThan(10);
  });

  test('ARCHITECTURE.md lists every decision', () => {
    const listed = linksOf(readFileSync('ARCHITECTURE.md', 'utf8')).filter((link) =>
      link.startsWith('docs/decisions/'),
    );
    const decisions = documents
      .map(({ path }) => path)
      .filter((path) => path.includes('decisions/'));
    expect([...new Set(listed)].sort()).toEqual(decisions.sort());
  });

  test('docs/benchmarks.md has every suite', () => {
    const [, text = ''] = readFileSync('docs/benchmarks.md', 'utf8').split('\n## `npm run bench`');
    const rows = text.matchAll(/^\| `([a-z][a-z-]*)`/gm);
    expect([...rows].map(([, name]) => name)).toEqual(suites.map(({ name }) => name));
  });
});
