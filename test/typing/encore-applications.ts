/**
 * What Encore's example applications do with buckets, with nothing but the import changed.
 *
 * Small equivalents of the three examples that use object storage: a form that stores files and
 * lists their public URLs, a service that keeps files under a user's name, and one that stores
 * pictures which it got from elsewhere. The compiler is the test: nothing here runs.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Bucket, type Downloader, ObjectNotFound, type Uploader } from '../../src/index.ts';

interface FileListing {
  readonly url: string;
  readonly size: number;
}

const uploads = new Bucket('file-uploads', { public: true, versioned: false });

export async function storeForm(
  parts: AsyncIterable<{ filename: string; mimeType: string; chunks: Buffer[] }>,
): Promise<void> {
  for await (const { filename, mimeType, chunks } of parts) {
    await uploads.upload(filename, Buffer.concat(chunks), { contentType: mimeType });
  }
}

export async function listFiles(): Promise<{ files: FileListing[] }> {
  const files: FileListing[] = [];
  for await (const entry of uploads.list({})) {
    files.push({ url: uploads.publicUrl(entry.name), size: entry.size });
  }
  return { files };
}

const userFiles = new Bucket('user-files', { versioned: false });
const fileAccess = userFiles.ref<Uploader & Downloader>();

export async function saveFile(
  userId: string,
  fileId: string,
  request: IncomingMessage,
): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const type = request.headers['content-type'] ?? 'application/octet-stream';
  const { name } = await fileAccess.upload(`${userId}/${fileId}`, Buffer.concat(chunks), {
    contentType: type,
    preconditions: { notExists: true },
  });
  return name;
}

export async function sendFile(
  userId: string,
  fileId: string,
  response: ServerResponse,
): Promise<void> {
  try {
    const data: Buffer = await fileAccess.download(`${userId}/${fileId}`);
    response.writeHead(200).end(data);
  } catch (error) {
    if (!(error instanceof ObjectNotFound)) throw error;
    response.writeHead(404).end(error.message);
  }
}

const pictures = Bucket.named('generated-pictures');

export async function keepPicture(id: string, source: string): Promise<{ url: string }> {
  const response = await fetch(source);
  const picture = Buffer.from(await response.arrayBuffer());
  const { name } = await pictures.upload(`${id}.png`, picture, { contentType: 'image/png' });
  return { url: pictures.publicUrl(name) };
}

export async function forgetPicture(id: string): Promise<boolean> {
  const name = `${id}.png`;
  if (!(await pictures.exists(name))) return false;
  const { version } = await pictures.attrs(name);
  await pictures.remove(name, version === undefined ? {} : { version });
  return true;
}
