/**
 * A process that has a store, does what it is told on stdin, and answers on stdout: a line of JSON
 * each. It lives until its stdin ends.
 *
 *     node --import tsx store-process.ts
 */

import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { ObjectsError, openStore, type Store } from '../../src/index.ts';
import { generatedBytes } from '../support/content.ts';

/** What it can be told. */
export type StoreCommand =
  | { readonly do: 'open'; readonly directory: string }
  | { readonly do: 'close' }
  /** Content of random bytes: the same seed, the same content. */
  | {
      readonly do: 'upload';
      readonly name: string;
      readonly seed: number;
      readonly size: number;
      readonly durability?: 'power' | 'os';
    }
  | { readonly do: 'download'; readonly name: string }
  | { readonly do: 'list' }
  | { readonly do: 'remove'; readonly name: string }
  | { readonly do: 'compact' }
  | { readonly do: 'verify' }
  /** From here on this user may not do what only the superuser may. */
  | { readonly do: 'becomeNobody' };

/** What it answers: `result` depends on the command. */
export type StoreAnswer =
  { readonly result: unknown } | { readonly code: string; readonly message: string };

const nobodyId = 65_534;
let store: Store | undefined;

function mustGetStore(): Store {
  if (store === undefined) throw new Error('there is no open store');
  return store;
}

async function perform(command: StoreCommand): Promise<unknown> {
  switch (command.do) {
    case 'open':
      store = await openStore(command.directory);
      return 'open';
    case 'close':
      await mustGetStore().close();
      return 'closed';
    case 'upload': {
      const { name, seed, size, durability } = command;
      const content = generatedBytes(seed, size);
      await mustGetStore().bucket('bucket').upload(name, content, { durability });
      return createHash('sha256').update(content).digest('hex');
    }
    case 'download': {
      const content = await mustGetStore().bucket('bucket').download(command.name);
      return createHash('sha256').update(content).digest('hex');
    }
    case 'list': {
      const names: string[] = [];
      for await (const { name } of mustGetStore().bucket('bucket').list()) names.push(name);
      return names;
    }
    case 'remove':
      return mustGetStore().bucket('bucket').remove(command.name);
    case 'compact':
      return mustGetStore().compact();
    case 'verify':
      return mustGetStore().verify();
    case 'becomeNobody':
      process.setgroups?.([]);
      process.setgid?.(nobodyId);
      process.setuid?.(nobodyId);
      return process.getuid?.();
  }
}

async function answerTo(command: StoreCommand): Promise<StoreAnswer> {
  try {
    return { result: await perform(command) };
  } catch (error) {
    // Anything else than the store's own errors is a bug, and ends the process with its story.
    if (!(error instanceof ObjectsError)) throw error;
    return { code: error.code, message: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answerTo(JSON.parse(line) as StoreCommand)));
}
