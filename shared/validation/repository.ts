/** Repository: a backend that can be reached and, where asked for, wiped. */
import type { Backend } from "../api/backend.ts";
import type { RepositorySpec } from "../api/repository.ts";
import { Path } from "../contract.ts";
import { type Finding, fault, warning } from "./finding.ts";

const BACKENDS = ["local", "s3", "gcs", "azure", "swift", "b2", "rest"] as const;
/** Backends whose data can't be wiped, as upstream says. */
const UNWIPEABLE = ["local", "b2"] as const;
/** Places in our container that a local backend would hide. */
const RESERVED = ["/stash", Path.Scratch, Path.Secrets, Path.Identity];

/** Validates the spec of a Repository, or the same part of a BackupBlueprint. */
export function findRepositoryFindings({
  backend,
  wipeOut,
}: Pick<RepositorySpec, "backend" | "wipeOut">): readonly Finding[] {
  const given = BACKENDS.filter((name) => backend?.[name] !== undefined);
  const [used] = given;
  if (backend === undefined || used === undefined) {
    return [fault("spec.backend", "names no backend", `Set one of ${BACKENDS.join(", ")}.`)];
  }
  return [
    ...(given.length > 1
      ? [warning("spec.backend", `names ${given.join(", ")}; ${used} is used`, "Keep the one that you mean.")]
      : []),
    ...UNWIPEABLE.filter((name) => wipeOut === true && backend[name] !== undefined).map((name) =>
      fault("spec.wipeOut", `a ${name} backend can't be wiped`, "Leave wipeOut out, and delete the data yourself."),
    ),
    ...findLocalFaults(backend),
    ...(backend.storageSecretName
      ? []
      : [warning("spec.backend.storageSecretName", "is missing", "Name the Secret that holds RESTIC_PASSWORD.")]),
  ];
}

function findLocalFaults({ local }: Backend): readonly Finding[] {
  if (local === undefined) return [];
  const path = `/${local.mountPath}/`.replace(/\/+/g, "/");
  const hidden = RESERVED.find((reserved) => path.startsWith(`${reserved}/`) || `${reserved}/`.startsWith(path));
  const field = "spec.backend.local.mountPath";
  if (!local.mountPath.startsWith("/")) {
    return [fault(field, `${local.mountPath} is not absolute`, "Begin it with a slash.")];
  }
  if (hidden === undefined) return [];
  return [
    fault(
      field,
      `${local.mountPath} meets ${hidden}, which the container needs`,
      "Choose another path, such as /safe/data.",
    ),
  ];
}
