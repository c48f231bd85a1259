/** What keeps any container of ours out of a workload, whatever its invokers say. */
import { Container } from "../contract.ts";
import { textAt } from "../kube/json-value.ts";
import { formatTarget } from "../target.ts";
import { applicationContainers, applicationVolumeNames, isOwnVolumeName } from "./own-parts.ts";
import type { InjectionProblem } from "./view.ts";
import type { JsonObject, WorkloadFacts } from "./workload.ts";

/** Finds what stands in the way: no name yet, a name of ours in use, or pods that are not Linux. */
export function findObstacle(workload: WorkloadFacts): InjectionProblem | undefined {
  const who = formatTarget(workload);
  if (workload.name === "") {
    return {
      reason: "NameMissing",
      message: `a ${workload.kind} of namespace ${workload.namespace} leaves its name to the API server`,
      next: "Give it a name, or wait: it is submitted again as soon as it has one.",
    };
  }
  const names: readonly string[] = [Container.Sidecar, Container.RestoreInit];
  const taken = applicationContainers(workload.podTemplate).find(({ name }) => names.some((own) => own === name));
  if (taken !== undefined) {
    return {
      reason: "NameTaken",
      message: `${who} has a container of its own that is named ${String(taken["name"])}`,
      next: "Rename that container.",
    };
  }
  const volume = [...applicationVolumeNames(workload.podTemplate)].find(isOwnVolumeName);
  if (volume !== undefined) {
    return {
      reason: "NameTaken",
      message: `${who} has a volume of its own that is named ${volume}`,
      next: "Rename that volume.",
    };
  }
  return runsOtherSystem(workload.podTemplate)
    ? {
        reason: "OtherOperatingSystem",
        message: `${who} runs Windows, and the backup container needs Linux`,
        next: "Back its data up through a volume or a database, by a job.",
      }
    : undefined;
}

const SYSTEM_LABELS = ["kubernetes.io/os", "beta.kubernetes.io/os"];

function runsOtherSystem(podTemplate: JsonObject): boolean {
  const named = SYSTEM_LABELS.map((label) => textAt(podTemplate, "spec", "nodeSelector", label));
  return [textAt(podTemplate, "spec", "os", "name"), ...named].includes("windows");
}
