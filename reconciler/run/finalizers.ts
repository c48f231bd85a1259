/** Lets a run go that a finalizer holds. */
import { KINDS } from "../../shared/api/kinds.ts";
import { isNotFound } from "../../shared/kube/client/error.ts";
import type { KubeClient, Parse } from "../../shared/kube/client/interface.ts";
import type { RunObject } from "./view.ts";

/**
 * Takes finalizers off.
 *
 * @returns the run without them; undefined when it had none, or is gone
 * @throws KubeError
 */
export async function removeFinalizers<Run extends RunObject>(
  client: Pick<KubeClient, "patch">,
  { kind, metadata }: Run,
  names: readonly string[],
  parse: Parse<Run>,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const { namespace, name, uid, resourceVersion, finalizers = [] } = metadata;
  const rest = finalizers.filter((finalizer) => !names.includes(finalizer));
  if (rest.length === finalizers.length) return undefined;
  const patch = { kind: "merge", body: { metadata: { uid, resourceVersion, finalizers: rest } } } as const;
  try {
    return await client.patch(KINDS[kind], namespace, name, patch, parse, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}
