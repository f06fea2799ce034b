/**
 * What lies directly in a folder, for stores that only have sorted names.
 *
 * A folder is skipped with one seek, however much lies in it: the next name that can matter is
 * behind every name that begins with it.
 *
 * @module
 */

/** The first name from `from` on (it included), before `end`. */
export type Seek = (from: string, end: string) => Promise<string | undefined>;

/** Lists a folder (`''` or `a/`) by seeking. Names are ASCII. */
export async function listFolderBySeeking(folder: string, seek: Seek): Promise<string[]> {
  const end = `${folder}\u007f`;
  const entries: string[] = [];
  let from = folder;
  for (;;) {
    const name = await seek(from, end);
    if (name === undefined) return entries;
    const slash = name.indexOf('/', folder.length);
    const entry = slash < 0 ? name : name.slice(0, slash + 1);
    entries.push(entry);
    // '0' is the character behind '/'; '\0' makes the smallest name behind a name.
    from = slash < 0 ? `${name}\0` : `${name.slice(0, slash)}0`;
  }
}
