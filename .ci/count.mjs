/**
 * Prints `N passed, N failed` over all reports that vitest left in a folder, and exits with the
 * verdict: `node .ci/count.mjs FOLDER STATUS`, where STATUS is how the steps before ended.
 *
 * A step that failed without a failed test (a lint finding, a build, a file that could not be
 * loaded) counts as one failure, and so does a run in which no test passed. So the line cannot look
 * good when the run was not. Plain JavaScript, because it must also work when `npm ci` did not.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, status] = process.argv.slice(2);
const reports = existsSync(folder)
  ? readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
  : [];
const passed = reports.reduce((sum, report) => sum + report.numPassedTests, 0);
const failedTests = reports.reduce((sum, report) => sum + report.numFailedTests, 0);
const failed = failedTests === 0 && (status !== '0' || passed === 0) ? 1 : failedTests;

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
