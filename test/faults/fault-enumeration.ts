/**
 * All cases of a life, and what they came to.
 *
 * @module
 */

import { complaintsIn, modesOf, prepare } from './fault-cases.ts';
import type { FaultyLife } from './lives.ts';
import type { FaultMode } from '../support/numbered-disk.ts';

/** What an enumeration found. */
export interface Enumeration {
  readonly siteCount: number;
  readonly caseCount: number;
  /** Broken laws, each with the cases that broke it. Empty, if all is well. */
  readonly findings: ReadonlyMap<string, readonly string[]>;
}

/** Lives a life once for every call of the disk and every way in which that can fail. */
export async function enumerateFaults(
  life: FaultyLife,
  isLasting: boolean,
  isWanted: (mode: FaultMode) => boolean = () => true,
): Promise<Enumeration> {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  const prepared = await prepare(life);
  const findings = new Map<string, string[]>();
  let caseCount = 0;
  for (const site of prepared.sites) {
    for (const mode of modesOf(site).filter(isWanted)) {
      caseCount++;
      const complaints = await complaintsIn(prepared, { site, mode, isLasting });
      // One more turn of the event loop: that is when Node tells of rejections.
      await new Promise((resolve) => void setImmediate(resolve));
      for (const reason of unhandled.splice(0)) complaints.push(`unhandled: ${String(reason)}`);
      const { method, kind, n } = site;
      for (const text of complaints) {
        findings.set(text, [...(findings.get(text) ?? []), `${method} ${kind} #${n}: ${mode}`]);
      }
    }
  }
  process.off('unhandledRejection', onUnhandled);
  return { siteCount: prepared.sites.length, caseCount, findings };
}
