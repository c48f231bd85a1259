/** Repository: a backend that can be reached and, where asked for, wiped. */
import type { Backend } from "../../shared/api/backend.ts";
import type { Maintenance, RepositorySpec } from "../../shared/api/repository.ts";
import { BACKENDS, backendNames } from "../../shared/backends.ts";
import { Path } from "../../shared/contract.ts";
import { findLocalBackendFault } from "../../shared/repository/local-backend.ts";
import { isZone } from "../../shared/schedule/maintenance-window.ts";
import { type Finding, fault, warning } from "../../shared/validation/finding.ts";

/** Validates the spec of a Repository, or the same part of a BackupBlueprint. */
export function findRepositoryFindings({
  backend,
  wipeOut,
  maintenance,
}: Pick<RepositorySpec, "backend" | "wipeOut" | "maintenance">): readonly Finding[] {
  const given = backendNames().filter((name) => backend?.[name] !== undefined);
  const [used] = given;
  if (backend === undefined || used === undefined) {
    return [fault("spec.backend", "names no backend", `Set one of ${backendNames().join(", ")}.`)];
  }
  return [
    ...(given.length > 1
      ? [warning("spec.backend", `names ${given.join(", ")}; ${used} is used`, "Keep the one that you mean.")]
      : []),
    ...given
      .filter((name) => wipeOut === true && BACKENDS[name].isUnwipeable === true)
      .map((name) =>
        fault("spec.wipeOut", `a ${name} backend can't be wiped`, "Leave wipeOut out, and delete the data yourself."),
      ),
    ...findLocalFaults(backend),
    ...findWindowFaults(maintenance),
    ...(backend.storageSecretName
      ? []
      : [warning("spec.backend.storageSecretName", "is missing", "Name the Secret that holds RESTIC_PASSWORD.")]),
  ];
}

function findWindowFaults({ window }: Maintenance = {}): readonly Finding[] {
  if (window === undefined) return [];
  const field = "spec.maintenance.window";
  return [
    ...(isZone(window.timeZone)
      ? []
      : [
          fault(
            `${field}.timeZone`,
            `${JSON.stringify(window.timeZone)} is no time zone`,
            "Name one such as Europe/Berlin.",
          ),
        ]),
    ...(window.from === window.until
      ? [fault(field, "never opens", "Leave it out, or let from and until differ.")]
      : []),
  ];
}

function findLocalFaults({ local }: Backend): readonly Finding[] {
  const found = local && findLocalBackendFault(local);
  if (found === undefined) return [];
  return [fault(`spec.backend.local.${found.field}`, found.why, `Choose a path such as ${Path.LocalBackends}/data.`)];
}
