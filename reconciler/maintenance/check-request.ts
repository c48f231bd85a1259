/** The annotation that asks for a check is taken back when that check has an outcome. */
import { KINDS } from "../../shared/api/kinds.ts";
import { Annotation } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { isConflict, isNotFound } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";

/** Each other writer of the Repository costs one. */
const CLEAR_TRIES = 5;

/**
 * Only the request that was served: a newer one has another value. That is compared here and bound to the version, since
 * API servers compare a tested text as they spell it themselves.
 */
export async function clearCheckRequest(
  ports: { readonly client: Pick<KubeClient, "find" | "patch">; readonly signal: AbortSignal },
  { namespace, name, value }: { readonly namespace: string; readonly name: string; readonly value: string },
): Promise<void> {
  const { client, signal } = ports;
  for (let attempt = 0; attempt < CLEAR_TRIES; attempt += 1) {
    const repository = await client.find(KINDS.Repository, namespace, name, asIs, { signal });
    if (textAt(repository, "metadata", "annotations", Annotation.CheckRequested) !== value) return;
    const resourceVersion = textAt(repository, "metadata", "resourceVersion");
    const metadata = { resourceVersion, annotations: { [Annotation.CheckRequested]: null } };
    try {
      await client.patch(KINDS.Repository, namespace, name, { kind: "merge", body: { metadata } }, asIs, { signal });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
    }
  }
  throw new UserError("API_UNAVAILABLE", `others kept changing Repository ${namespace}/${name}`, { retry: true });
}
