/**
 * The house rules that no linter knows, each as a function from a file to its findings.
 *
 * The numbers are physical: 100 columns are two files side by side, 70 lines are one screen, 400
 * lines are what one can keep in mind. What must not be found is put together from parts, so that
 * this file does not contain it.
 *
 * @module
 */

import ts from 'typescript';
import { lineOf, parse, visit } from './imports.ts';
import type { ProjectFile } from './project-files.ts';

/** A house rule. */
export type Rule = (file: ProjectFile) => string[];

const isCode = (path: string): boolean => /\.(ts|cts|mjs)$/.test(path);
const isMarkdown = (path: string): boolean => path.endsWith('.md');

/** Written by machines, for machines. */
const isGenerated = (path: string): boolean => path === 'package-lock.json';

/** Every code file says in its first comment what it is; in `src` that comment is the module's. */
const opensWithHeader: Rule = ({ path, text }) => {
  if (!isCode(path)) return [];
  const header = /^(?:#!.*\n)?\/\*\*[\s\S]*?\*\//.exec(text)?.[0];
  if (header === undefined) return [`${path}:1: no header comment`];
  const isWhole = !path.startsWith('src/') || header.endsWith('\n * @module\n */');
  return isWhole ? [] : [`${path}:1: the header does not end with @module`];
};

/** Rows of tables and lines with addresses cannot be broken. */
const hasNoLongLine: Rule = ({ path, text }) => {
  if (!isCode(path) && !isMarkdown(path)) return [];
  return text.split('\n').flatMap((line, index) => {
    const cannotBreak = /https?:\/\//.test(line) || (isMarkdown(path) && /^\s*\|/.test(line));
    return line.length <= 100 || cannotBreak ? [] : [`${path}:${index + 1}: over 100 columns`];
  });
};

const maxFileLines = 400;

export const isShort: Rule = ({ path, text }) => {
  const lineCount = text.trimEnd().split('\n').length;
  return isCode(path) && lineCount > maxFileLines
    ? [`${path}: ${lineCount} lines, over ${maxFileLines}`]
    : [];
};

/** Not in tests, where one function holds a whole suite. */
const hasShortFunctions: Rule = ({ path, text }) => {
  if (!isCode(path) || /^test\/(?!support\/)/.test(path)) return [];
  const source = parse(path, text);
  const findings: string[] = [];
  visit(source, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node)) return;
    const first = lineOf(source, node);
    const lineCount = source.getLineAndCharacterOfPosition(node.end).line + 2 - first;
    if (lineCount > 70) findings.push(`${path}:${first}: a function of ${lineCount} lines`);
  });
  return findings;
};

const unfinished = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);

const isFinished: Rule = (file) => findPattern(file, unfinished, 'unfinished work');

/** A file that is named for everything is about nothing. */
const isNamedForANoun: Rule = ({ path }) => {
  const vague = /^(?:utils?|helpers?|commons?|misc|types)$/;
  return path.split('/').some((part) => vague.test(part.replace(/\..*$/, '')))
    ? [`${path}: a vague name`]
    : [];
};

const hasOneTitle: Rule = ({ path, text }) => {
  if (!isMarkdown(path)) return [];
  const outsideFences = text.replace(/^( *)```[\s\S]*?^\1```/gm, '');
  const titles = outsideFences.match(/^# .+/gm)?.length ?? 0;
  return titles === 1 ? [] : [`${path}: ${titles} titles`];
};

const homes = ['home', 'root', 'Users', 'work'].map((folder) => `(?<![\\w.)}-])/${folder}/`);
const registries = ['npm' + 'js\\.org', 'npm' + 'mirror', 'artifact' + 'ory', 'verdac' + 'cio'];
const ofThisMachine = new RegExp(
  [...homes, '[A-Z]:\\\\Users', 'https?://[\\w.-]*registry', ...registries].join('|'),
);

/** What is only true on one machine does not belong in a repository. */
const isOfNoMachine: Rule = (file) =>
  findPattern(file, ofThisMachine, 'a path or a host of one machine');

function findPattern({ path, text }: ProjectFile, pattern: RegExp, what: string): string[] {
  // The lock file's checksums may spell anything.
  const searched = isGenerated(path) ? text.replace(/"integrity": ".*"/g, '') : text;
  return searched
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${what}`] : []));
}

/** All rules but the one that has exceptions. */
export const rules: Readonly<Record<string, Rule>> = {
  opensWithHeader,
  hasNoLongLine,
  hasShortFunctions,
  isFinished,
  isNamedForANoun,
  hasOneTitle,
  isOfNoMachine,
};
