/**
 * Whether the Repository of an invoker lets its namespace in. The API server is asked, since what is in memory may be some moments old:
 * a Repository that was made just before would be none, and one that was closed just before still open.
 */
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { messageOf } from "../../shared/errors.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { type BackupInvokerView, formatInvoker, type RestoreInvokerView } from "../../shared/invoker/object.ts";
import type { CallOptions, KubeClient } from "../../shared/kube/client/interface.ts";
import { NAMESPACES } from "../../shared/kube/resources.ts";
import { mayUseRepository } from "../../shared/repository/usage-policy.ts";
import { type Finding, fault, warning } from "../../shared/validation/finding.ts";

/** For both questions together; less than the 3 s that the API server gives us. */
const TIMEOUT_MS = 2_000;

const FIELD = "spec.repository";

/** A Repository may come later than those that name it. What the API server doesn't answer in time counts as not allowed. */
export async function findUsageFindings(
  invoker: BackupInvokerView | RestoreInvokerView,
  client: Pick<KubeClient, "find">,
): Promise<readonly Finding[]> {
  if (invoker.repository === undefined) return [];
  const { namespace, name } = invoker.repository;
  const repository = `Repository ${namespace}/${name}`;
  try {
    const answer = await askWhetherUsable(invoker.repository, invoker.namespace, client);
    if (answer === "yes") return [];
    if (answer === "absent") {
      return [warning(FIELD, `${repository} does not exist`, `Create it; ${formatInvoker(invoker)} waits.`)];
    }
    const next = "Allow the namespace in the Repository's spec.usagePolicy, or use another Repository.";
    return [fault(FIELD, `${repository} does not allow namespace ${invoker.namespace}`, next)];
  } catch (thrown) {
    const what = `whether ${repository} allows namespace ${invoker.namespace} is not known: ${messageOf(thrown)}`;
    return [fault(FIELD, what, "Try again; if it stays, look at the log of the webhook.")];
  }
}

async function askWhetherUsable(
  repository: { readonly namespace: string; readonly name: string },
  namespace: string,
  client: Pick<KubeClient, "find">,
): Promise<"yes" | "no" | "absent"> {
  const options: CallOptions = { timeoutMs: TIMEOUT_MS, maxRetries: 0, signal: AbortSignal.timeout(TIMEOUT_MS) };
  const found = await client.find(KINDS.Repository, repository.namespace, repository.name, parseRepository, options);
  if (found === undefined) return "absent";
  const { usagePolicy } = found.spec;
  const isByLabels = usagePolicy?.allowedNamespaces?.from === "Selector";
  const readLabels = (raw: unknown) => textMapAt(raw, "metadata", "labels");
  const labels = isByLabels ? await client.find(NAMESPACES, undefined, namespace, readLabels, options) : undefined;
  const mayUse = mayUseRepository({
    usagePolicy,
    repositoryNamespace: repository.namespace,
    namespace,
    namespaceLabels: labels ?? {},
  });
  return mayUse ? "yes" : "no";
}
