/** Objects of a drill: only what has it as its owner counts as made by it. */
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { isAlreadyExists } from "../../shared/kube/client/error.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { NamespaceClient } from "../authority.ts";
import { controllerUid } from "../jobs/object.ts";

/** Creates the object, unless it is there and belongs to the drill. @throws UserError TARGET_INVALID when the name is taken by somebody else; KubeError */
export async function createOwn(
  here: NamespaceClient,
  resource: Resource,
  object: unknown,
  uid: string,
  signal: AbortSignal,
): Promise<void> {
  const name = textAt(object, "metadata", "name") ?? "";
  try {
    await here.create(resource, object, asIs, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await here.find(resource, name, asIs, { signal });
    if (existing === undefined) throw error;
    if (isOwnedBy(existing, uid)) return;
    throw new UserError(
      "TARGET_INVALID",
      `${resource.plural} ${here.namespace}/${name} exists and is not the drill's`,
      {
        next: "Delete or rename it.",
      },
    );
  }
}

/** Whether the drill of this uid controls the object. */
export function isOwnedBy(object: unknown, uid: string): boolean {
  const { group, kind } = KINDS.BackupVerificationSession;
  return uid !== "" && controllerUid(object, (of, named) => of === group && named === kind) === uid;
}
