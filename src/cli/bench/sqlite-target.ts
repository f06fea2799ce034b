/**
 * SQLite as a target: as Node has it built in from 22.5 on, `node:sqlite`, and before that the
 * package `better-sqlite3`, if it is installed.
 *
 * Its calls are synchronous, so several in flight take their turns, and each put is a transaction.
 *
 * @module
 */

import { join } from 'node:path';
import { listFolderBySeeking } from './folder-listing.ts';
import { numberedVersions } from './numbered-versions.ts';
import { loadBuiltin, loadPackage } from './optional-package.ts';
import {
  type Scanned,
  type Target,
  type StoreKind,
  TargetMissing,
  type TargetOptions,
} from './target.ts';
import { treeOfRecords } from './tree-of-records.ts';

/** What is used of `node:sqlite`. The oldest Node that is supported has no types for it. */
interface SqliteModule {
  readonly DatabaseSync: SqliteConstructor;
}

type SqliteConstructor = new (path: string) => SqliteDatabase;

interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

interface SqliteStatement {
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): Record<string, unknown> | undefined;
  all(...values: readonly unknown[]): readonly Record<string, unknown>[];
}

const shared = 'a transaction for each put, calls are synchronous, streams are gathered first';

export const sqliteKind: StoreKind = {
  name: 'sqlite',
  usage: {
    power: `journal_mode=WAL, synchronous=FULL; ${shared}`,
    os: `journal_mode=WAL, synchronous=NORMAL; ${shared}`,
  },
  version: async () => {
    const { Database, from } = await loadSqlite();
    const database = new Database(':memory:');
    const row = database.prepare('SELECT sqlite_version() AS version').get();
    database.close();
    return `SQLite ${String(row?.['version'])}, ${from}`;
  },
  open: async ({ folder, durability }: TargetOptions) => {
    const { Database } = await loadSqlite();
    const database = new Database(join(folder, 'bench.db'));
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`);
    database.exec('CREATE TABLE records (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT');
    return new SqliteTarget(database);
  },
};

/** Both have the same few calls. */
async function loadSqlite(): Promise<{ Database: SqliteConstructor; from: string }> {
  const builtin = await loadBuiltin<SqliteModule>('node:sqlite');
  if (builtin !== undefined) return { Database: builtin.DatabaseSync, from: 'node:sqlite' };
  try {
    const { module, version } = await loadPackage<SqliteConstructor>('better-sqlite3');
    return { Database: module, from: version };
  } catch (error) {
    if (!(error instanceof TargetMissing)) throw error;
    throw new TargetMissing('it needs Node 22.13 or newer, or: npm install better-sqlite3');
  }
}

class SqliteTarget implements Target {
  readonly #database: SqliteDatabase;
  readonly #put: SqliteStatement;
  readonly #get: SqliteStatement;
  readonly #range: SqliteStatement;
  readonly #names: SqliteStatement;
  readonly #seek: SqliteStatement;
  readonly #scan: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly putVersion: Target['putVersion'];
  readonly getVersion: Target['getVersion'];
  readonly prepareTree: Target['prepareTree'];
  readonly getTree: Target['getTree'];

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#put = database.prepare(
      'INSERT INTO records VALUES (?, ?) ' +
        'ON CONFLICT (name) DO UPDATE SET content = excluded.content',
    );
    this.#get = database.prepare('SELECT content FROM records WHERE name = ?');
    this.#range = database.prepare(
      'SELECT substr(content, ?, ?) AS content FROM records WHERE name = ?',
    );
    this.#names = database.prepare('SELECT name FROM records ORDER BY name');
    this.#seek = database.prepare(
      'SELECT name FROM records WHERE name >= ? AND name < ? ORDER BY name LIMIT 1',
    );
    this.#scan = database.prepare(
      'SELECT name, content FROM records WHERE name > ? ORDER BY name LIMIT ?',
    );
    this.#remove = database.prepare('DELETE FROM records WHERE name = ?');
    ({ putVersion: this.putVersion, getVersion: this.getVersion } = numberedVersions(this));
    ({ prepareTree: this.prepareTree, getTree: this.getTree } = treeOfRecords(this));
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    this.#put.run(name, content);
  }

  putStream(name: string, pieces: readonly Uint8Array[]): Promise<void> {
    return this.put(name, Buffer.concat(pieces));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#get.get(name)?.['content'] as Uint8Array | undefined;
  }

  async getRange(name: string, start: number, end: number): Promise<Uint8Array> {
    // SQL counts from 1.
    const row = this.#range.get(start + 1, end - start, name);
    return row?.['content'] as Uint8Array;
  }

  async list(): Promise<string[]> {
    return this.#names.all().map((row) => row['name'] as string);
  }

  listFolder(folder: string): Promise<string[]> {
    return listFolderBySeeking(folder, async (from, end) => {
      return this.#seek.get(from, end)?.['name'] as string | undefined;
    });
  }

  async scanAfter(name: string, count: number): Promise<Scanned[]> {
    const rows = this.#scan.all(name, count);
    return rows.map((row) => ({
      name: row['name'] as string,
      content: row['content'] as Uint8Array,
    }));
  }

  async remove(name: string): Promise<void> {
    this.#remove.run(name);
  }

  async reclaim(): Promise<void> {
    this.#database.exec('VACUUM');
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
