/** Puts planned containers into a pod template: adds, refreshes and adopts, always in the same place. */
import { Annotation } from "../../shared/contract.ts";
import {
  carriesOwnParts,
  containersOf,
  isRestoreInit,
  isSidecar,
  mountedVolumes,
} from "../../shared/injection/own-parts.ts";
import type { BackupPlan, ContainerPlan, RestorePlan } from "../../shared/injection/plan.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { withChild, withField, withList, withNamed, withoutMatching } from "../json-edit.ts";
import { keepText } from "../known-text.ts";
import { withoutUnusedVolumes } from "./without.ts";

/**
 * The pod template with the sidecar of the plan. One that is there, of ours or of upstream Stash, is replaced in its place
 * as a whole, so that nothing of it outlives the setting that it came from (L28). A new one comes last.
 *
 * @param image image of the agent
 * @param resources in place of the plan's, those that the container has
 */
export function withSidecar(podTemplate: JsonObject, plan: BackupPlan, image: string, resources?: unknown): JsonObject {
  const container = resources === undefined ? finish(plan, image) : { ...finish(plan, image), resources };
  const [home, other] = plan.isNative ? ["initContainers", "containers"] : ["containers", "initContainers"];
  const placed = withChild(podTemplate, "spec", (spec) => {
    const moved = withList(spec, other, (items) => withoutMatching(items, isSidecar));
    return withVolumes(
      withList(moved, home, (items) => withNamed(items, container)),
      plan.volumes,
    );
  });
  return withHash(tidied(podTemplate, placed), Annotation.BackupHash, plan.hash);
}

/** The pod template with the init-container of the plan, before all others but a mesh's proxy: they may need the data. */
export function withRestoreInit(podTemplate: JsonObject, plan: RestorePlan, image: string): JsonObject {
  const container = finish(plan, image);
  const placed = withChild(podTemplate, "spec", (spec) => {
    const added = withList(spec, "initContainers", (items) => {
      const others = withoutMatching(items, isRestoreInit);
      return others === items
        ? items.toSpliced(placeOfRestore(items, container), 0, container)
        : withNamed(items, container);
    });
    return withVolumes(added, withoutVolumesOfSidecar(plan, podTemplate));
  });
  return withHash(tidied(podTemplate, placed), Annotation.RestoreHash, plan.hash);
}

/** Proxies that stand among the init-containers, where they run from then on: what comes before them has no network of the mesh. */
const PROXIES: readonly string[] = ["istio-proxy", "linkerd-proxy", "consul-dataplane", "kuma-sidecar"];

/** Behind a native sidecar that is a mesh's proxy, unless something up to there mounts what is restored; else first. */
function placeOfRestore(items: readonly unknown[], container: JsonObject): number {
  const isProxy = (item: unknown) => valueAt(item, "restartPolicy") === "Always" && isNamedProxy(textAt(item, "name"));
  const place = items.findLastIndex(isProxy) + 1;
  const restored = mountedVolumes([container]);
  const mounted = mountedVolumes(items.slice(0, place).filter(isJsonObject));
  return [...mounted].some((name) => restored.has(name)) ? 0 : place;
}

function isNamedProxy(name: string | undefined): boolean {
  return name !== undefined && PROXIES.includes(name);
}

/** A template that had nothing of ours before has no volume of ours to lose. */
function tidied(before: JsonObject, after: JsonObject): JsonObject {
  return carriesOwnParts(before) ? withoutUnusedVolumes(after) : after;
}

/** By the container of the plan, which is the same object for the same workload's next review. */
const finished = new WeakMap<JsonObject, { readonly image: string; readonly container: JsonObject }>();

function finish(plan: ContainerPlan, image: string): JsonObject {
  const before = finished.get(plan.container);
  if (before?.image === image) return before.container;
  const container = keepText(build(plan, image));
  finished.set(plan.container, { image, container });
  return container;
}

function build({ container, args }: ContainerPlan, image: string): JsonObject {
  const { name, command, ...rest } = container;
  const entryPoint = command === undefined ? {} : { command };
  return { name, image, ...entryPoint, args, imagePullPolicy: pullPolicyOf(image), ...rest };
}

/** What the API server would fill in: a tag that can move is looked up each time. */
function pullPolicyOf(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
}

/** Where both containers share a volume, the one that stays longer decides how it is made. */
function withoutVolumesOfSidecar({ volumes }: RestorePlan, podTemplate: JsonObject): readonly JsonObject[] {
  const shared = mountedVolumes(containersOf(podTemplate).filter(isSidecar));
  return volumes.filter(({ name }) => !(typeof name === "string" && shared.has(name)));
}

function withVolumes(spec: JsonObject, volumes: readonly JsonObject[]): JsonObject {
  return withList(spec, "volumes", (items) => volumes.map(keepText).reduce(withNamed, items));
}

function withHash(podTemplate: JsonObject, annotation: string, hash: string): JsonObject {
  return withChild(podTemplate, "metadata", (metadata) =>
    withChild(metadata, "annotations", (annotations) => withField(annotations, annotation, hash)),
  );
}
