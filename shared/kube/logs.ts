/** The end of a container's log. */
import type { CallOptions, KubeClient } from "./client/interface.ts";
import { buildPath } from "./resource.ts";
import { PODS } from "./resources.ts";

export interface LogTailOptions extends CallOptions {
  readonly container: string;
  /** Lines from the end; 100 by default. */
  readonly lines?: number;
  /** Most characters that are returned, counted from the end; 65,536 by default. */
  readonly maxLength?: number;
  /** Of the container's run before the present one. */
  readonly previous?: boolean;
}

/** The server cuts at the end of what it sends, the part that matters most: so it may send much, and the start is cut here. */
const SERVER_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Reads the last lines that a container wrote.
 *
 * @throws KubeError, among them 400 while the container has not started
 */
export async function readLogTail(
  client: Pick<KubeClient, "read">,
  namespace: string,
  pod: string,
  options: LogTailOptions,
): Promise<string> {
  const query = {
    container: options.container,
    tailLines: options.lines ?? 100,
    limitBytes: SERVER_LIMIT_BYTES,
    previous: options.previous === true ? true : undefined,
  };
  const text = await client.read(buildPath(PODS, namespace, pod, "log"), query, { ...options, accept: "*/*" });
  return text.slice(-(options.maxLength ?? 64 * 1024));
}
