/**
 * Values as a person reads them: names, sizes and times.
 *
 * Names may hold anything that UTF-8 can, so a control character in one is shown as an escape: it
 * must neither break a line in two nor speak to the terminal. Programs ask for `--json`, which
 * shows names exactly.
 *
 * @module
 */

const controlCharacters = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text for one line: control characters, and those that turn the writing direction, are escaped.
 */
export function printable(text: string): string {
  return text.replace(controlCharacters, (character) => {
    const code = character.codePointAt(0) as number;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A size with a unit of 1024: `17 B`, `4.0 KiB`, `1.3 GiB`. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  let value = sizeBytes / 1024;
  let unit = 0;
  // 1023.95 and above would be written as 1024.0, which belongs to the next unit.
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit] as string}`;
}

/**
 * A count with its digits in groups of three: `1,234,567`. Not by `toLocaleString`: to load what
 * that needs takes ten milliseconds, in processes that live for some hundred.
 */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A count with its noun: `1 file`, `2,000 files`. */
export function formatCounted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A time to the second, in UTC: `2026-01-31 23:59:59Z`. */
export function formatTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
