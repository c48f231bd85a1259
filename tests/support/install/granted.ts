/** What a ServiceAccount may do in a namespace, as `kubectl auth can-i --list` asks it. */
import { objectsAt } from "../../../shared/injection/workload.ts";
import { listAt } from "../../../shared/json/value.ts";
import { createKubeClient } from "../../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { findConnection } from "../../../shared/kube/connection/find.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { serviceAccountIdentity } from "../product/identity.ts";

const RULES_REVIEWS = {
  group: "authorization.k8s.io",
  version: "v1",
  plural: "selfsubjectrulesreviews",
  namespaced: false,
};

/** One line for each verb on each resource, such as `patch backupsessions/status.stash.appscode.com`; sorted. */
export async function listGranted(
  controlPlane: Pick<ControlPlane, "kubeconfigFor">,
  namespace: string,
  account: string,
): Promise<readonly string[]> {
  const { user, groups } = serviceAccountIdentity(account, namespace);
  const kubeconfigPath = await controlPlane.kubeconfigFor(user, groups);
  const client: KubeClient = createKubeClient({
    connection: await findConnection({ env: {}, kubeconfigPath }),
    program: "tests",
  });
  try {
    const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } };
    const review = await client.create(RULES_REVIEWS, undefined, body, asIs);
    return formatRules(objectsAt(review, "status", "resourceRules"));
  } finally {
    client.close();
  }
}

/** Rules of roles and of reviews have the same fields. */
export function formatRules(rules: readonly unknown[]): readonly string[] {
  const lines = rules.flatMap((rule) =>
    listAt(rule, "apiGroups").flatMap((group) =>
      listAt(rule, "resources").flatMap((resource) =>
        listAt(rule, "verbs").map((verb) => `${verb} ${resource}${group === "" ? "" : `.${group}`}`),
      ),
    ),
  );
  return [...new Set(lines)].sort();
}
