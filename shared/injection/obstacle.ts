/** What keeps any container of ours out of a workload, whatever its invokers say. */
import { Container } from "../contract.ts";
import { listAt, textAt, valueAt } from "../json/value.ts";
import { formatTarget } from "../target/ref.ts";
import { applicationContainers, applicationVolumeNames, isOwnVolumeName } from "./own-parts.ts";
import type { InjectionProblem } from "./view.ts";
import type { JsonObject, WorkloadFacts } from "./workload.ts";

/** Finds what stands in the way: no name yet, a name of ours in use, or pods that are not Linux. */
export function findObstacle(workload: WorkloadFacts): InjectionProblem | undefined {
  if (workload.name === "") {
    return {
      reason: "NameMissing",
      message: `a ${workload.kind} of namespace ${workload.namespace} leaves its name to the API server`,
      next: "Give it a name, or wait: it is submitted again as soon as it has one.",
    };
  }
  const taken = applicationContainers(workload.podTemplate).find(
    ({ name }) => name === Container.Sidecar || name === Container.RestoreInit,
  );
  if (taken !== undefined) {
    return {
      reason: "NameTaken",
      message: `${formatTarget(workload)} has a container of its own that is named ${String(taken["name"])}`,
      next: "Rename that container.",
    };
  }
  const volume = findOwnName(workload);
  if (volume !== undefined) {
    return {
      reason: "NameTaken",
      message: `${formatTarget(workload)} has a volume of its own that is named ${volume}, or mounts one`,
      next: "Rename that volume.",
    };
  }
  return runsOtherSystem(workload.podTemplate)
    ? {
        reason: "OtherOperatingSystem",
        message: `${formatTarget(workload)} runs Windows, and the backup container needs Linux`,
        next: "Back its data up through a volume or a database, by a job.",
      }
    : undefined;
}

/** A claim template of that name, or a mount of a volume that is not there yet, would become ours by injection. */
function findOwnName({ podTemplate, claimTemplateNames }: WorkloadFacts): string | undefined {
  for (const name of applicationVolumeNames(podTemplate)) if (isOwnVolumeName(name)) return name;
  for (const container of applicationContainers(podTemplate)) {
    for (const mount of listAt(container, "volumeMounts")) {
      const name = textAt(mount, "name") ?? "";
      if (isOwnVolumeName(name)) return name;
    }
  }
  return claimTemplateNames.find(isOwnVolumeName);
}

const SYSTEM_LABELS = ["kubernetes.io/os", "beta.kubernetes.io/os"];

function runsOtherSystem(podTemplate: JsonObject): boolean {
  const spec = valueAt(podTemplate, "spec");
  if (textAt(spec, "os", "name") === "windows") return true;
  const selector = valueAt(spec, "nodeSelector");
  if (selector !== undefined && SYSTEM_LABELS.some((label) => textAt(selector, label) === "windows")) return true;
  const required = valueAt(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  // One of the terms is enough for a node.
  const terms = listAt(required, "nodeSelectorTerms");
  return terms.length > 0 && terms.every((term) => listAt(term, "matchExpressions").some(wantsWindows));
}

function wantsWindows(expression: unknown): boolean {
  const values = listAt(expression, "values");
  const isOfSystem = SYSTEM_LABELS.some((label) => textAt(expression, "key") === label);
  return isOfSystem && textAt(expression, "operator") === "In" && values.length === 1 && values[0] === "windows";
}
