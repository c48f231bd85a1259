/** Reads how the container of a script ended. */
import { listAt, numberAt, textAt } from "../../shared/json/value.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { readLogTail } from "../../shared/kube/logs.ts";
import { PODS } from "../../shared/kube/resources.ts";
import { SCRIPT_CONTAINER } from "./script-job.ts";
import type { ScriptEnd } from "./script-result.ts";
import type { DrillJob } from "./view.ts";

const LINES = 40;
const MAX_OUTPUT = 4_000;

/** @throws KubeError when the API server can't be reached */
export async function readScriptEnd(
  client: Pick<KubeClient, "find" | "read">,
  namespace: string,
  { pod }: DrillJob,
  signal: AbortSignal,
): Promise<ScriptEnd> {
  if (pod === undefined) return { exitCode: undefined, output: "" };
  const readOwn = (raw: unknown) => (textAt(raw, "metadata", "uid") === pod.uid ? readContainer(raw) : undefined);
  const found = await client.find(PODS, namespace, pod.name, readOwn, { signal });
  // Another of that name may say anything.
  if (found === undefined) return { exitCode: undefined, output: "" };
  const output = await readOutput(client, namespace, pod.name, signal);
  return { ...found, output };
}

/** What ran: the verifier may say something else by now. */
function readContainer(raw: unknown): Omit<ScriptEnd, "output"> {
  const isScript = (one: unknown) => textAt(one, "name") === SCRIPT_CONTAINER;
  const container = listAt(raw, "spec", "containers").find(isScript);
  const status = listAt(raw, "status", "containerStatuses").find(isScript);
  const image = textAt(container, "image");
  const imageId = textAt(status, "imageID");
  const words = [...listAt(container, "command"), ...listAt(container, "args")].filter(
    (one) => typeof one === "string",
  );
  return {
    exitCode: numberAt(status, "state", "terminated", "exitCode"),
    ...(image !== undefined && { image }),
    ...(imageId !== undefined && { imageId }),
    command: words,
  };
}

/** A node may be gone with the log: the exit code counts all the same. */
async function readOutput(
  client: Pick<KubeClient, "read">,
  namespace: string,
  pod: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    const options = { container: SCRIPT_CONTAINER, lines: LINES, maxLength: MAX_OUTPUT, signal };
    return await readLogTail(client, namespace, pod, options);
  } catch (error) {
    if (!(error instanceof KubeError) || error.status === 0) throw error;
    return "";
  }
}
