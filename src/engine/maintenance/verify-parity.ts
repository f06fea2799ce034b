/**
 * The last step of `verify`: log files that have parity, and parity itself.
 *
 * @module
 */

import { throwIfAborted } from '../../base/errors.ts';
import type { ParityKeeper } from './parity-keeper.ts';
import type { VerifyBudget, VerifyPosition } from './verify-budget.ts';

/** What the step needs of a run of `verify`. */
interface ParityRun {
  readonly parts: { readonly parity: ParityKeeper };
  readonly options: { readonly signal?: AbortSignal | undefined };
  readonly budget: VerifyBudget;
  position: VerifyPosition;
  readonly problems: string[];
}

/** Every file that has parity, in the order of numbers. `false`: the budget is spent. */
export async function verifyParity(run: ParityRun): Promise<boolean> {
  const { parts, options, position, budget, problems } = run;
  if (position.step !== 'parity') return true;
  for (const { fileId, sizeBytes } of await parts.parity.protectedFiles()) {
    if (fileId <= position.behindFileId) continue;
    throwIfAborted(options.signal);
    if (budget.isSpent) return false;
    budget.spend(sizeBytes);
    problems.push(...(await parts.parity.problemsOf(fileId)));
    run.position = { step: 'parity', behindFileId: fileId };
  }
  return true;
}
