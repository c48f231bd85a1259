/** What the author of a workload should know of its pods once our container is in them. Pure. */
import { listAt, textAt, valueAt } from "../json/value.ts";
import { formatTarget } from "../target/ref.ts";
import { isOwnVolumeName } from "./own-parts.ts";
import type { JsonObject, WorkloadFacts } from "./workload.ts";

/** Processes of one pod that see each other may read each other's environment and files. */
export function findPodWarnings(workload: WorkloadFacts): readonly string[] {
  if (valueAt(workload.podTemplate, "spec", "shareProcessNamespace") !== true) return [];
  const why = `${formatTarget(workload)} has shareProcessNamespace: true, so processes of its containers that run as the same user or as root can read the repository's password in the backup container`;
  return [
    `${why} (next: leave shareProcessNamespace out, or give the backup container a user of its own by runtimeSettings)`,
  ];
}

/** Kinds of volumes that nobody can write to. */
const READ_ONLY_KINDS: readonly string[] = ["configMap", "secret", "projected", "downwardAPI", "image"];

/** @param container of the restore: what it mounts of the workload it is to write */
export function findRestoreWarnings({ podTemplate }: WorkloadFacts, container: JsonObject): readonly string[] {
  const volumes = new Map(listAt(podTemplate, "spec", "volumes").map((volume) => [textAt(volume, "name"), volume]));
  return listAt(container, "volumeMounts").flatMap((mount) => {
    const name = textAt(mount, "name") ?? "";
    const path = textAt(mount, "mountPath");
    const why = isOwnVolumeName(name) ? undefined : whyReadOnly(mount, volumes.get(name));
    if (why === undefined) return [];
    return [`a restore can't write to ${path}: ${why} (next: mount it where it can be written, or leave it out)`];
  });
}

function whyReadOnly(mount: unknown, volume: unknown): string | undefined {
  const name = textAt(mount, "name");
  if (valueAt(mount, "readOnly") === true) return `volume ${name} is mounted with readOnly: true`;
  if (valueAt(volume, "persistentVolumeClaim", "readOnly") === true) return `volume ${name} has its claim read-only`;
  const kind = READ_ONLY_KINDS.find((one) => valueAt(volume, one) != null);
  return kind === undefined ? undefined : `volume ${name} is a ${kind}`;
}
