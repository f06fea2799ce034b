/**
 * Examples in documents and in TSDoc, as programs that check themselves.
 *
 * An example is a fenced block of TypeScript. It is a whole module that a reader can copy: it
 * imports what it uses, and shares nothing with the block before it. What it claims is written
 * behind a statement, and becomes an assertion:
 *
 *     entry.size; // 5
 *     console.log(entry.name); // 'cat.jpg'
 *     await photos.download('dog.jpg'); // throws NOT_FOUND
 *
 * A value is anything made of literals; other comments are prose. One that begins like a value and
 * is none is refused, because a reader would take it for a checked claim. A block marked `no-run`
 * is only type-checked: it needs a network, or another machine.
 *
 * @module
 */

import { join } from 'node:path';
import { runInThisContext } from 'node:vm';
import ts from 'typescript';
import { expect } from 'vitest';
import { importsOf, parse, visit } from './imports.ts';
import { type ProjectFile, projectRoot } from './project-files.ts';

/** A block of code in a document or a comment. */
export interface Example {
  /** The file, and the line on which the code begins. */
  readonly path: string;
  readonly line: number;
  readonly code: string;
  /** Whether it is only type-checked. */
  readonly noRun: boolean;
}

/** The examples of a Markdown file, or of the comments of a source file. */
export function examplesOf({ path, text }: ProjectFile): Example[] {
  const lines = (path.endsWith('.md') ? text : commentsOf(text)).split('\n');
  const examples: Example[] = [];
  for (let start = 0; start < lines.length; start++) {
    const fence = /^(\s*)```(\S*)(.*)$/.exec(lines[start] as string);
    if (fence === null) continue;
    const [, indent = '', language = '', flags = ''] = fence;
    const length = lines.slice(start + 1).findIndex((line) => line.trim() === '```');
    if (length === -1) throw new Error(`${path}:${start + 1}: the block never ends`);
    if (/^(?:ts|typescript|js|javascript|mjs)$/.test(language)) {
      const code = lines.slice(start + 1, start + 1 + length);
      examples.push({
        path,
        line: start + 2,
        code: code.map((line) => line.slice(indent.length)).join('\n'),
        noRun: flags.trim() === 'no-run',
      });
    }
    start += length + 1;
  }
  return examples;
}

/** A source file with everything blanked but the text of its doc comments, each on its own line. */
function commentsOf(text: string): string {
  let inComment = false;
  return text
    .split('\n')
    .map((line) => {
      inComment ||= /^\s*\/\*\*/.test(line);
      const content = inComment ? line.replace(/^\s*\/?\*+ ?/, '').replace(/\s*\*\/$/, '') : '';
      inComment &&= !line.includes('*/');
      return content;
    })
    .join('\n');
}

/** The code with every claim turned into an assertion, line for line, and how many there are. */
export function withAssertions({ path, line, code }: Example): {
  readonly code: string;
  readonly assertionCount: number;
} {
  const source = parse('example.ts', code);
  const assertions: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  visit(source, (node) => {
    if (!ts.isExpressionStatement(node)) return;
    const comment = ts.getTrailingCommentRanges(code, node.end)?.[0];
    if (comment === undefined) return;
    const claim = code.slice(comment.pos, comment.end).replace(/^\/\//, '').trim();
    const where = `${path}:${line + source.getLineAndCharacterOfPosition(comment.pos).line}`;
    const text = assertionOf(claimed(node.expression), claim, where);
    if (text !== undefined) assertions.push({ start: node.getStart(), end: node.end, text });
  });
  const asserting = assertions.reduceRight(
    (edited, { start, end, text }) => edited.slice(0, start) + text + edited.slice(end),
    code,
  );
  return { code: asserting, assertionCount: assertions.length };
}

/** What a claim is about: of `console.log(x)`, what is printed. */
function claimed(expression: ts.Expression): ts.Expression {
  if (!ts.isCallExpression(expression)) return expression;
  const [printed, ...others] = expression.arguments;
  const prints = expression.expression.getText() === 'console.log' && others.length === 0;
  return prints && printed !== undefined ? printed : expression;
}

/** The assertion that makes a claim, or `undefined` for prose. */
function assertionOf(expression: ts.Expression, claim: string, where: string): string | undefined {
  const code = expression.getText();
  const errorCode = /^throws ([A-Z_]+)$/.exec(claim)?.[1];
  if (errorCode !== undefined) {
    const rejects = `await expect((async () => (${code}))()).rejects`;
    return `${rejects}.toMatchObject({ code: '${errorCode}' });`;
  }
  if (isValue(claim)) return `expect((${code})).toStrictEqual(${claim});`;
  if (/^(?:[-\d'"`[{]|(?:true|false|null|undefined)\b)/.test(claim)) {
    throw new Error(`${where}: looks like a value, but is none: ${claim}`);
  }
  return undefined;
}

function isValue(text: string): boolean {
  const code = `(${text});`;
  const [statement, ...others] = parse('value.ts', code).statements;
  return (
    ts.transpileModule(code, { reportDiagnostics: true }).diagnostics?.length === 0 &&
    statement !== undefined &&
    others.length === 0 &&
    ts.isExpressionStatement(statement) &&
    isMadeOfLiterals(statement.expression)
  );
}

function isMadeOfLiterals(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node)) return isMadeOfLiterals(node.expression);
  if (ts.isPrefixUnaryExpression(node)) return ts.isNumericLiteral(node.operand);
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isMadeOfLiterals);
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.every(
      (property) => ts.isPropertyAssignment(property) && isMadeOfLiterals(property.initializer),
    );
  }
  if (ts.isIdentifier(node)) return node.text === 'undefined';
  return (
    ts.isLiteralExpression(node) ||
    [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword].includes(
      node.kind,
    )
  );
}

/**
 * Runs an example, with its claims as assertions, in the current working directory.
 *
 * Compiled to CommonJS inside an async function, so that neither its imports nor its top-level
 * `await` need a file. Its imports are resolved as this file's are: `varve` is `src/index.ts`.
 */
export async function run(example: Example): Promise<void> {
  const { outputText } = ts.transpileModule(withAssertions(example).code, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const modules = new Map<string, unknown>();
  for (const { specifier } of importsOf('example.js', outputText)) {
    modules.set(specifier, await import(specifier));
  }
  const program = runInThisContext(`(async (require, exports, expect) => {${outputText}\n})`, {
    filename: `example of ${example.path}:${example.line}`,
  }) as (...scope: unknown[]) => Promise<void>;
  await program((specifier: string) => modules.get(specifier), {}, expect);
}

/** What the compiler says about examples, under the project's own settings. */
export function typeErrors(examples: readonly Example[]): string[] {
  const programs = new Map(
    examples.map((example, index) => [join(projectRoot, `example-${index}.ts`), example]),
  );
  const options = exampleOptions();
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => programs.has(path) || disk.fileExists(path),
    readFile: (path) => programs.get(path)?.code ?? disk.readFile(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const example = programs.get(path);
      return example === undefined
        ? disk.getSourceFile(path, languageVersion, ...rest)
        : ts.createSourceFile(path, example.code, languageVersion);
    },
  };
  const program = ts.createProgram([...programs.keys()], options, host);
  return [...programs].flatMap(([path, example]) => {
    const source = program.getSourceFile(path);
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ].map(({ start = 0, messageText }) => {
      const line = example.line + (source?.getLineAndCharacterOfPosition(start).line ?? 0);
      return `${example.path}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

function exampleOptions(): ts.CompilerOptions {
  const configPath = join(projectRoot, 'tsconfig.json');
  const { config } = ts.readConfigFile(configPath, (path) => ts.sys.readFile(path));
  return {
    ...ts.parseJsonConfigFileContent(config, ts.sys, projectRoot, undefined, configPath).options,
    // An example may declare what only the reader uses, and exports without types.
    declaration: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    paths: { varve: [join(projectRoot, 'src/index.ts')] },
    skipLibCheck: true,
  };
}
