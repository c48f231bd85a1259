/** Workloads that join a BackupBatch by label: their member spec comes from their own annotations. */
import type { BackupMember } from "../api/member.ts";
import { Annotation } from "../contract.ts";
import { UserError } from "../errors.ts";

export interface LabelledWorkload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Member of a workload that carries the label `stash.appscode.com/backup-batch`.
 *
 * @returns the member, with the workload's name as alias where the annotation gives none, since hosts of one batch must differ
 * @throws UserError INVALID_OBJECT naming the annotation
 */
export function labelledMember(workload: LabelledWorkload): BackupMember {
  const { apiVersion, kind, name, namespace, annotations } = workload;
  const listOf = (key: string) => readListAnnotation(annotations, key);
  const volumeMounts = listOf(Annotation.VolumeMounts).map(parseVolumeMount);
  const paths = listOf(Annotation.TargetPaths);
  const exclude = listOf(Annotation.Exclude);
  return {
    target: {
      alias: annotations[Annotation.Alias] || name,
      ref: { apiVersion, kind, name, namespace },
      paths: paths.length > 0 ? paths : volumeMounts.map((mount) => mount.mountPath),
      volumeMounts,
      ...(exclude.length > 0 && { exclude }),
    },
  };
}

/**
 * Reads the annotation `volume-mounts`: `volume:mountPath` or `volume:mountPath:subPath`, separated by commas.
 *
 * @throws UserError INVALID_OBJECT
 */
export function parseVolumeMount(text: string): { name: string; mountPath: string; subPath?: string } {
  const [name, mountPath, subPath, ...rest] = text.split(":");
  if (!name || !mountPath || rest.length > 0 || subPath === "") {
    throw new UserError(
      "INVALID_OBJECT",
      `annotation ${Annotation.VolumeMounts}: ${JSON.stringify(text)} can't be read`,
      {
        next: "Write volume:mountPath or volume:mountPath:subPath, separated by commas.",
      },
    );
  }
  return { name, mountPath, ...(subPath !== undefined && { subPath }) };
}

/** As many as a list in a spec may have. */
const MAX_ITEMS = 1_000;

/**
 * Items of a comma-separated annotation.
 *
 * @throws UserError INVALID_OBJECT when there are more than a spec could list
 */
export function readListAnnotation(annotations: Readonly<Record<string, string>>, key: string): readonly string[] {
  const items = splitList(annotations[key]);
  if (items.length <= MAX_ITEMS) return items;
  throw new UserError("INVALID_OBJECT", `annotation ${key} lists ${items.length} items`, {
    next: `Write at most ${MAX_ITEMS}.`,
  });
}

/** Items of a comma-separated annotation, without blanks around them and without empty ones. */
export function splitList(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
