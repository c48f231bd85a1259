/** Which Kubernetes it is: asked once, and again until the API server answers. */
import { sleep, systemClock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Logger } from "../../log.ts";
import { createDiscovery, type ServerVersion } from "./discovery.ts";
import type { KubeClient } from "./interface.ts";

const RETRY_MS = 1_000;

/** @returns undefined when the signal came first */
export async function askVersion(
  client: Pick<KubeClient, "read">,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Pick<Logger, "warn"> },
): Promise<ServerVersion | undefined> {
  const discovery = createDiscovery(client, systemClock);
  while (!signal.aborted) {
    try {
      return await discovery.serverVersion();
    } catch (error) {
      if (signal.aborted) return undefined;
      log.warn({ error: messageOf(error) }, "the API server's version is not known yet");
      await sleep(systemClock, RETRY_MS, signal).catch(() => undefined);
    }
  }
  return undefined;
}
