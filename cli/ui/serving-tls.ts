/** The certificate that the pages are served with, from files that somebody else keeps and replaces. */
import { readFile } from "node:fs/promises";
import type { Server } from "node:https";
import type { SecureContextOptions } from "node:tls";

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** A Secret that changed is there within a minute or two; the old certificate is good for longer. */
export const READ_AGAIN_MS = 60_000;

/** @throws Error when a file can't be read */
export async function readContext({ cert, key }: TlsFiles): Promise<SecureContextOptions> {
  return { cert: await readFile(cert), key: await readFile(key), minVersion: "TLSv1.2" };
}

/** Takes up what is in the files, again and again; what can't be taken leaves the last. @returns ends that */
export function followFiles(server: Server, files: TlsFiles, onFault: (error: unknown) => void): () => void {
  const timer = setInterval(() => {
    readContext(files)
      .then((context) => server.setSecureContext(context))
      .catch(onFault);
  }, READ_AGAIN_MS);
  timer.unref();
  return () => clearInterval(timer);
}
