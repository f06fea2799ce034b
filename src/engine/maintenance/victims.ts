/**
 * Which log files to compact. Pure functions.
 *
 * A file is worth it when much of it is garbage, and when what lives in it will go on living: so
 * the score is `(1 - u) * age / (1 + u)`, with u the part that lives (Rosenblum and Ousterhout,
 * "The Design and Implementation of a Log-Structured File System", 1992). Reading costs 1, writing
 * costs u, and 1 - u comes free; what is old has had its chance to die.
 *
 * @module
 */

/** A log file that may be compacted. */
export interface LogFileState {
  readonly fileId: number;
  readonly sizeBytes: number;
  readonly liveBytes: number;
  /** What of it nobody needs. */
  readonly garbageBytes: number;
}

/** A file with less garbage than this, or than this part of it, is left alone. */
const garbageBytesMin = 4096;
const garbageFractionMin = 1 / 16;

/** Whether compaction would take a file at all. */
export function isWorthwhile({
  sizeBytes,
  garbageBytes,
}: Pick<LogFileState, 'sizeBytes' | 'garbageBytes'>): boolean {
  return garbageBytes >= garbageBytesMin && garbageBytes >= sizeBytes * garbageFractionMin;
}

/** What part of all files is garbage: 0 to 1. */
export function garbageFraction(files: readonly LogFileState[]): number {
  let [garbage, size] = [0, 0];
  for (const file of files) {
    garbage += file.garbageBytes;
    size += file.sizeBytes;
  }
  return size === 0 ? 0 : garbage / size;
}

/**
 * Files to compact, the best first, until no more than `targetFraction` of what is left is garbage,
 * and as long as no more than `liveBytesMax` has to be moved. At least one, if any is worthwhile
 * and has no more to move than that.
 */
export function chooseVictims(
  files: readonly LogFileState[],
  { targetFraction, liveBytesMax }: { targetFraction: number; liveBytesMax: number },
): LogFileState[] {
  const newestId = Math.max(0, ...files.map(({ fileId }) => fileId));
  const scoreOf = ({ fileId, sizeBytes, garbageBytes }: LogFileState): number => {
    const used = 1 - garbageBytes / sizeBytes;
    return ((1 - used) * (newestId - fileId + 1)) / (1 + used);
  };
  const ranked = files
    .filter((file) => isWorthwhile(file) && file.liveBytes <= liveBytesMax)
    .sort((a, b) => scoreOf(b) - scoreOf(a));
  const victims: LogFileState[] = [];
  let garbage = files.reduce((sum, file) => sum + file.garbageBytes, 0);
  let size = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  let live = 0;
  for (const file of ranked) {
    const isEnough = garbage <= size * targetFraction || live + file.liveBytes > liveBytesMax;
    if (victims.length > 0 && isEnough) break;
    victims.push(file);
    garbage -= file.garbageBytes;
    size -= file.garbageBytes;
    live += file.liveBytes;
  }
  return victims;
}
