/**
 * The library as plain JavaScript, for tests that must load it as Node does and not as vitest does.
 *
 * The native half of `encore.dev` is `require`d by the package itself, out of vitest's reach. So
 * the sources are compiled file by file, without type checking, which takes a second and needs no
 * build to be there. The folder lies under `node_modules`, because there the library finds its
 * dependencies and git and the other tools of the project do not look.
 *
 * @module
 */

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { projectFiles, projectRoot } from '../support/project-files.ts';

/** Compiles `src`, and resolves with the folder of the result. The caller removes it. */
export async function compileLibrary(): Promise<string> {
  const cache = join(projectRoot, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'varve-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const { path, text } of projectFiles((file) => /^src\/.+\.[cm]?ts$/.test(file))) {
    const { outputText } = ts.transpileModule(text, {
      fileName: path,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        // A file alone does not say what it is; of a .cts file, `import()` must stay as it is.
        module: path.endsWith('.cts') ? ts.ModuleKind.Node20 : ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    const target = join(folder, path.slice('src/'.length).replace(/ts$/, 'js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
  return folder;
}
