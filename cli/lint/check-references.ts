/**
 * Whether the objects of files fit together. Pure. What is named and not among the files may be in the cluster: it is told only
 * where the files hold others of its kind in that namespace.
 */
import { Label } from "../../shared/contract.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { nearestNames } from "../cluster/nearest-names.ts";
import { findingAt, type LintFinding, nameOfObject, type PlacedObject } from "./check-objects.ts";

const INVOKERS: readonly string[] = ["BackupBatch", "BackupConfiguration", "RestoreBatch", "RestoreSession"];
const WORKLOADS: readonly string[] = ["Deployment", "StatefulSet", "DaemonSet"];

export function checkReferences(objects: readonly PlacedObject[]): readonly LintFinding[] {
  return [
    ...findDoubles(objects),
    ...objects.flatMap((placed) => {
      if (INVOKERS.includes(placed.kind)) return checkInvoker(placed, objects);
      if (placed.kind === "Repository") return checkRepository(placed, objects);
      return WORKLOADS.includes(placed.kind) ? checkLabel(placed, objects) : [];
    }),
  ];
}

function findDoubles(objects: readonly PlacedObject[]): readonly LintFinding[] {
  const seen = new Map<string, PlacedObject>();
  return objects.flatMap((placed) => {
    const key = `${textAt(placed.object, "apiVersion")?.split("/")[0]} ${nameOfObject(placed)}`;
    const first = seen.get(key);
    if (placed.name === "" || first === undefined) {
      seen.set(key, placed);
      return [];
    }
    return [findingAt(placed, "fault", `it is there twice: also in ${first.file}:${first.line}`, "keep one of them")];
  });
}

function checkInvoker(placed: PlacedObject, objects: readonly PlacedObject[]): readonly LintFinding[] {
  const spec = valueAt(placed.object, "spec");
  const repository = textAt(spec, "repository", "name");
  const namespace = textAt(spec, "repository", "namespace") || placed.namespace;
  const members = placed.kind.endsWith("Batch") ? listAt(spec, "members") : [spec];
  return [
    ...missing(placed, objects, { kind: "Repository", namespace, name: repository, field: "spec.repository.name" }),
    ...members.flatMap((member, at) => {
      const field = placed.kind.endsWith("Batch") ? `spec.members[${at}].target` : "spec.target";
      return checkMember(placed, objects, valueAt(member, "target"), field);
    }),
  ];
}

function checkMember(
  placed: PlacedObject,
  objects: readonly PlacedObject[],
  target: unknown,
  field: string,
): readonly LintFinding[] {
  const kind = textAt(target, "ref", "kind") ?? "";
  const namespace = textAt(target, "ref", "namespace") || placed.namespace;
  const name = textAt(target, "ref", "name");
  const lost = missing(placed, objects, { kind, namespace, name, field: `${field}.ref.name` });
  const workload = objects.find((one) => one.kind === kind && one.namespace === namespace && one.name === name);
  if (workload === undefined || !WORKLOADS.includes(kind)) return lost;
  const volumes = volumesOf(workload.object);
  const unknown = listAt(target, "volumeMounts").flatMap((mount, at) => {
    const volume = textAt(mount, "name") ?? "";
    if (volumes.includes(volume)) return [];
    const near = nearestNames(volume, volumes);
    const next =
      near.length > 0 ? `did you mean ${near.join(" or ")}?` : `its volumes are ${volumes.join(", ") || "none"}`;
    return [
      findingAt(
        placed,
        "fault",
        `${field}.volumeMounts[${at}].name: ${nameOfObject(workload)} has no volume ${volume}`,
        next,
      ),
    ];
  });
  return [...lost, ...unknown];
}

function volumesOf(workload: unknown): readonly string[] {
  const volumes = listAt(workload, "spec", "template", "spec", "volumes").flatMap(
    (volume) => textAt(volume, "name") ?? [],
  );
  const templates = listAt(workload, "spec", "volumeClaimTemplates").flatMap(
    (one) => textAt(one, "metadata", "name") ?? [],
  );
  return [...volumes, ...templates];
}

function checkRepository(placed: PlacedObject, objects: readonly PlacedObject[]): readonly LintFinding[] {
  const name = textAt(placed.object, "spec", "backend", "storageSecretName");
  return missing(placed, objects, {
    kind: "Secret",
    namespace: placed.namespace,
    name,
    field: "spec.backend.storageSecretName",
  });
}

function checkLabel(placed: PlacedObject, objects: readonly PlacedObject[]): readonly LintFinding[] {
  const name = textMapAt(placed.object, "metadata", "labels")[Label.BackupBatch];
  return missing(placed, objects, {
    kind: "BackupBatch",
    namespace: placed.namespace,
    name,
    field: `metadata.labels["${Label.BackupBatch}"]`,
  });
}

interface Reference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly field: string;
}

function missing(placed: PlacedObject, objects: readonly PlacedObject[], reference: Reference): readonly LintFinding[] {
  const { kind, namespace, name, field } = reference;
  const peers = objects.filter((one) => one.kind === kind && one.namespace === namespace);
  if (name === undefined || peers.length === 0 || peers.some((one) => one.name === name)) return [];
  const near = nearestNames(
    name,
    peers.map((one) => one.name),
  );
  const next = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "see that the cluster has it, or add it";
  return [findingAt(placed, "warning", `${field}: the files have no ${kind} ${namespace}/${name}`, next)];
}
