/**
 * What a TypeScript file imports, in every way the language has.
 *
 * Read from the syntax tree and not by a regular expression, so that a comment is not an import and
 * a type-only, a dynamic or a re-exporting one is. An import whose target is computed cannot be
 * held to a layer, so it is reported under a name of its own.
 *
 * @module
 */

import ts from 'typescript';

/** One mention of another module. */
export interface Import {
  readonly line: number;
  readonly specifier: string;
}

/** The specifier of an import that is computed at run time. */
export const computedSpecifier = '<computed>';

/** All imports of a file, in the order in which they are written. */
export function importsOf(path: string, text: string): Import[] {
  const source = parse(path, text);
  const imports: Import[] = [];
  visit(source, (node) => {
    const target = targetOf(node);
    if (target === undefined) return;
    const specifier = ts.isStringLiteralLike(target) ? target.text : computedSpecifier;
    imports.push({ line: lineOf(source, node), specifier });
  });
  return imports;
}

/** The syntax tree of a file, with parents. */
export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** Calls `action` for a node and everything below it. */
export function visit(node: ts.Node, action: (node: ts.Node) => void): void {
  action(node);
  ts.forEachChild(node, (child) => {
    visit(child, action);
  });
}

/** The line on which a node begins, from 1. */
export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

function targetOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
  }
  if (ts.isCallExpression(node) && isImportOrRequire(node.expression)) {
    return node.arguments[0] ?? node;
  }
  return undefined;
}

function isImportOrRequire(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(callee) && callee.text === 'require')
  );
}
