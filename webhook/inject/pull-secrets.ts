/** Lets the pods of a template pull the image of our containers. */
import { containersOf, isOwnContainer } from "../../shared/injection/own-parts.ts";
import { pullSecretsBeside, withPullSecrets } from "../../shared/injection/pull-secrets.ts";
import type { InjectionView } from "../../shared/injection/view.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { withChild, withList } from "../json-edit.ts";

/**
 * The pod template with references to the installation's pull secrets, where it has a container of ours and references of its own.
 *
 * @param isAsBefore nothing else of the template changes: other pull secrets alone restart nobody
 */
export function settlePullSecrets(
  podTemplate: JsonObject,
  { settings, namespace }: Pick<InjectionView, "settings" | "namespace">,
  isAsBefore: () => boolean,
): JsonObject {
  const names = pullSecretsBeside(settings, namespace.name);
  if (names.length === 0 || !containersOf(podTemplate).some(isOwnContainer)) return podTemplate;
  const settled = withChild(podTemplate, "spec", (spec) =>
    withList(spec, "imagePullSecrets", (references) => withPullSecrets(references, names)),
  );
  return settled !== podTemplate && isAsBefore() ? podTemplate : settled;
}
