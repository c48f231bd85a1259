/** What the base's roles grant to each program, as the doctor carries it. */
import { join } from "node:path";
import { objectsAt } from "../../shared/injection/workload.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { readObjects } from "./compose.ts";

const BASE = join(import.meta.dirname, "../../manifests/base");

export function renderNeededRights(): string {
  const roles = ["rbac-webhook.yaml", "rbac-reconciler.yaml"].flatMap((file) => readObjects(join(BASE, file)));
  const rights = roles
    .filter((object) => ["Role", "ClusterRole"].includes(textAt(object, "kind") ?? ""))
    .map((role) => ({
      account: textAt(role, "metadata", "name"),
      isOwnNamespace: textAt(role, "kind") === "Role",
      rules: objectsAt(role, "rules").map((rule) => ({
        apiGroups: listAt(rule, "apiGroups"),
        resources: listAt(rule, "resources"),
        verbs: listAt(rule, "verbs"),
        resourceNames: rule["resourceNames"] ?? null,
      })),
    }));
  return `${JSON.stringify(rights, null, 1)}\n`;
}
