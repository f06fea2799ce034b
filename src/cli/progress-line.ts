/**
 * One line on a terminal that says how far a long command is.
 *
 * It is drawn on stderr, and only if that is a terminal: a log file or a pipe never sees it. At
 * most ten times a second, because more is unreadable and costs the work that it reports on.
 * Whoever writes another line clears it first.
 *
 * @module
 */

import type { WriteStream } from 'node:tty';
import { formatCounted, formatSize } from './printable.ts';

/** How far the work is. `total` is absent while it is not known. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
  /** What is counted: `'bytes'`, or a noun in the plural. */
  readonly unit: string;
}

const redrawMs = 100;
const barColumns = 24;
const defaultColumns = 80;
const eraseLine = '\r\u001b[K';

/** The line. On anything but a terminal it does nothing. */
export class ProgressLine {
  readonly #stream: WriteStream | undefined;
  #drawnAtMs = 0;
  #shown = false;

  constructor(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }) {
    this.#stream = stream.isTTY === true ? (stream as WriteStream) : undefined;
  }

  /** Draws the line anew if it is time for it. */
  update(label: string, progress: Progress): void {
    const nowMs = performance.now();
    if (this.#stream === undefined || nowMs - this.#drawnAtMs < redrawMs) return;
    this.#drawnAtMs = nowMs;
    this.#shown = true;
    // A line as wide as the terminal would wrap, and then could not be erased. Some terminals, such
    // as those of `script`, do not say how wide they are.
    const columns = this.#stream.columns || defaultColumns;
    this.#stream.write(eraseLine + describeProgress(label, progress).slice(0, columns - 1));
  }

  /** Takes the line away, so that another can be written in its place. */
  clear(): void {
    if (this.#shown) this.#stream?.write(eraseLine);
    this.#shown = false;
  }
}

/** `verify  [######      ]  50 %  1.0 GiB of 2.0 GiB`; without a total, only what is done. */
export function describeProgress(label: string, { done, total, unit }: Progress): string {
  const amount = (count: number): string =>
    unit === 'bytes' ? formatSize(count) : formatCounted(count, unit.replace(/s$/, ''));
  if (total === undefined || total <= 0) return `${label}  ${amount(done)}`;
  const share = Math.min(1, done / total);
  const bar = '#'.repeat(Math.floor(share * barColumns)).padEnd(barColumns);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `${label}  [${bar}] ${percent} %  ${amount(done)} of ${amount(total)}`;
}
