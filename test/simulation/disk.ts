/**
 * A disk that remembers what it might lose: the truth behind the simulated file system.
 *
 * It holds what a running process sees, and beside that all that a power cut may leave of it, as
 * the assumptions D1 to D5 of docs/durability.md allow:
 * - Of each sector of 512 bytes that was written since the last sync of its file: any version that
 *   it had since, or half of the last one.
 * - Of the size: any that the file had since, or any sector boundary in between.
 * - Of each name that was made, renamed or removed since the last sync of its directory: what it
 *   led to at any time since. A rename is two such names.
 * - After a sync that failed, the page cache shows what was written and calls it clean: a later
 *   sync covers only what is written again after it.
 *
 * Nodes are changed in place, versions never: a fork copies nodes and shares versions.
 */

export const sectorBytes = 512;

/** What became of something since it was last made safe. The last version is the one in use. */
export interface History<T> {
  versions: T[];
  /** Whether the next sync covers it. */
  isDirty: boolean;
}

/** A file: what it holds now, and what is safe of it. */
export class FileNode {
  /** May be longer than the file, and shared until it is written to. */
  bytes: Uint8Array;
  sizeBytes: number;
  isShared: boolean;
  durable: Uint8Array;
  readonly sectors: Map<number, History<Uint8Array>> = new Map();
  /** Sizes since the last sync. */
  sizes: number[] = [];

  constructor(content: Uint8Array) {
    this.bytes = content;
    this.sizeBytes = content.length;
    this.isShared = true;
    this.durable = content;
  }

  write(part: Uint8Array, position: number): void {
    const end = position + part.length;
    if (part.length === 0) return;
    const before = this.sizeBytes;
    this.#reserve(Math.max(end, before));
    if (end > before) {
      this.sizeBytes = end;
      this.sizes.push(end);
    }
    this.bytes.set(part, position);
    for (let at = Math.floor(position / sectorBytes); at * sectorBytes < end; at++) {
      const version = emptySector();
      version.set(
        this.bytes.subarray(at * sectorBytes, Math.min(this.sizeBytes, (at + 1) * sectorBytes)),
      );
      remember(this.sectors, at, version);
    }
  }

  truncate(sizeBytes: number): void {
    this.#reserve(this.sizeBytes);
    this.bytes.fill(0, sizeBytes);
    this.sizeBytes = sizeBytes;
    this.sizes.push(sizeBytes);
  }

  #reserve(byteCount: number): void {
    if (!this.isShared && this.bytes.length >= byteCount) return;
    const grown = new Uint8Array(Math.max(2048, byteCount * 2));
    grown.set(this.bytes.subarray(0, this.sizeBytes));
    this.bytes = grown;
    this.isShared = false;
  }

  /** All that was written, or in a stretch of it; and the size. */
  sync(from = 0, end: number = Number.POSITIVE_INFINITY): void {
    const durable = this.bytes.slice(0, this.sizeBytes);
    for (const [at, { isDirty }] of this.sectors) {
      const isWithin = at * sectorBytes < end && (at + 1) * sectorBytes > from;
      if (isDirty && isWithin) {
        this.sectors.delete(at);
        continue;
      }
      // A sync that failed has lost it; this one does not bring it back.
      const start = at * sectorBytes;
      durable.set(sectorOf(this.durable, at).subarray(0, durable.length - start), start);
    }
    this.durable = durable;
    this.sizes = [];
  }

  failSync(): void {
    for (const history of this.sectors.values()) history.isDirty = false;
  }

  copy(): FileNode {
    const copy = new FileNode(this.durable);
    if (!this.isShared) {
      copy.bytes = this.bytes.slice(0, this.sizeBytes);
      copy.isShared = false;
    }
    copy.sizeBytes = this.sizeBytes;
    for (const [at, history] of this.sectors) copy.sectors.set(at, copyOf(history));
    copy.sizes = [...this.sizes];
    return copy;
  }
}

/** A batch that LevelDB was given. */
export interface Batch {
  readonly id: number;
  readonly changes: readonly (readonly [key: string, value: Uint8Array | undefined])[];
  /** It was acknowledged after a write that failed: reading the file back never finds it. */
  readonly isDoomed: boolean;
}

/** What the simulated LevelDB of a folder has on the disk. */
export interface Rows {
  /** Safe in tables. Never changed, only replaced. */
  tables: ReadonlyMap<string, Uint8Array>;
  tablesKey: string;
  /** In the write-ahead file: not safe. */
  batches: Batch[];
  logNumber: number;
}

export type Node = FileNode | DirectoryNode;

export class DirectoryNode {
  readonly entries: Map<string, Node> = new Map();
  durable: Map<string, Node> = new Map();
  readonly names: Map<string, History<Node | undefined>> = new Map();
  rows: Rows | undefined;

  set(name: string, node: Node | undefined): void {
    if (node === undefined) this.entries.delete(name);
    else this.entries.set(name, node);
    remember(this.names, name, node);
  }

  sync(): void {
    const durable = new Map(this.entries);
    for (const [name, { isDirty }] of this.names) {
      if (isDirty) {
        this.names.delete(name);
        continue;
      }
      const safe = this.durable.get(name);
      if (safe === undefined) durable.delete(name);
      else durable.set(name, safe);
    }
    this.durable = durable;
  }

  failSync(): void {
    for (const history of this.names.values()) history.isDirty = false;
  }
}

function remember<K, T>(histories: Map<K, History<T>>, key: K, version: T): void {
  const history = histories.get(key);
  if (history === undefined) histories.set(key, { versions: [version], isDirty: true });
  else {
    history.versions.push(version);
    history.isDirty = true;
  }
}

function copyOf<T>({ versions, isDirty }: History<T>): History<T> {
  return { versions: [...versions], isDirty };
}

/** A sector of a content, filled up with zeros. */
export function sectorOf(content: Uint8Array, at: number): Uint8Array {
  const piece = content.subarray(at * sectorBytes, (at + 1) * sectorBytes);
  if (piece.length === sectorBytes) return piece;
  const sector = emptySector();
  sector.set(piece);
  return sector;
}

/** Zeros. Out of a pool, as an array of its own costs the collector more than all else here. */
export function emptySector(): Uint8Array {
  return Buffer.allocUnsafe(sectorBytes).fill(0);
}

/** The same disk once more: what happens to one does not happen to the other. */
export function forkOf(root: DirectoryNode): DirectoryNode {
  const copies = new Map<Node, Node>();
  const copyNode = (node: Node): Node => {
    const known = copies.get(node);
    if (known !== undefined) return known;
    if (node instanceof FileNode) {
      const copy = node.copy();
      copies.set(node, copy);
      return copy;
    }
    const copy = new DirectoryNode();
    copies.set(node, copy);
    for (const [name, child] of node.entries) copy.entries.set(name, copyNode(child));
    for (const [name, child] of node.durable) copy.durable.set(name, copyNode(child));
    for (const [name, { versions, isDirty }] of node.names) {
      const copied = versions.map((child) => (child === undefined ? undefined : copyNode(child)));
      copy.names.set(name, { versions: copied, isDirty });
    }
    if (node.rows !== undefined) copy.rows = { ...node.rows, batches: [...node.rows.batches] };
    return copy;
  };
  return copyNode(root) as DirectoryNode;
}

/** The same disk with everything on stable storage. */
export function settle(root: DirectoryNode): void {
  for (const node of root.entries.values()) {
    if (node instanceof DirectoryNode) settle(node);
    else node.sync();
  }
  root.sync();
}
