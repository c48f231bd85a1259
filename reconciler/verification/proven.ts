/** Writes on the point and on the invoker that a drill proved a recovery point. Doing it twice changes nothing. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { VerificationType } from "../../shared/api/closed-lists.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { ListedPoint, Proven } from "../../shared/api/recovery-point.ts";
import { parseRepository, type Repository, type RepositoryStatus } from "../../shared/api/repository.ts";
import { textAt } from "../../shared/json/value.ts";
import { isNotFound, isRefused } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { mergeStatus } from "../write/status-patch.ts";
import type { DrillStatus } from "./status.ts";

export function provenOf({ metadata }: BackupVerificationSession, status: DrillStatus): Proven {
  const { point, recoverySeconds, message, completionTime } = status;
  return {
    by: metadata.name,
    ...(point?.session !== undefined && { session: point.session }),
    time: completionTime ?? "",
    type: provenType(status),
    ...(recoverySeconds !== undefined && { recoverySeconds }),
    ...(message !== undefined && { summary: message }),
  };
}

/** How far what came back was looked at: the verifier may say something else by now. */
export function provenType({ script, members = [] }: DrillStatus): VerificationType {
  if (script !== undefined) return VerificationType.Script;
  const isAsked = members.some(({ queries = [] }) => queries.length > 0);
  return isAsked ? VerificationType.Query : VerificationType.RestoreOnly;
}

function isPoint(listed: ListedPoint, namespace: string, { point }: DrillStatus): boolean {
  return (
    listed.session === point?.session &&
    (listed.namespace ?? namespace) === namespace &&
    listed.cluster === undefined &&
    Date.parse(listed.time) === Date.parse(point.time ?? "")
  );
}

/** The status of the Repository with the mark on the point. Pure. */
function withProven(status: RepositoryStatus, namespace: string, drill: DrillStatus, proven: Proven): RepositoryStatus {
  const { points } = status;
  if (points === undefined) return status;
  // Whatever is written again stays as it was.
  const isKnown = (listed: ListedPoint) => listed.proven?.by === proven.by;
  return {
    ...status,
    points: points.map((listed) =>
      isPoint(listed, namespace, drill) && !isKnown(listed) ? { ...listed, proven } : listed,
    ),
  };
}

/**
 * @returns false when another wrote the Repository since it was read
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function recordProven(
  client: Pick<KubeClient, "find" | "patchStatus">,
  drill: BackupVerificationSession,
  status: DrillStatus,
  facts: { readonly proven: Proven; readonly repository: Repository | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  const { namespace } = drill.metadata;
  const { proven, repository } = facts;
  if (repository !== undefined) {
    const { namespace: at, name } = repository.metadata;
    const live = await client.find(KINDS.Repository, at, name, parseRepository, { signal });
    if (live !== undefined) {
      const before = live.status ?? {};
      const after = withProven(before, namespace, status, proven);
      const { resourceVersion } = live.metadata;
      const address = { resource: KINDS.Repository, namespace: at, name };
      const outcome = await mergeStatus(client, address, { before, after, resourceVersion }, asIs, { signal });
      if (outcome.kind === "conflict") return false;
      // One that no API server takes is refused again each time: the drill itself tells what was proven.
    }
  }
  const { invoker } = status;
  if (invoker === undefined) return true;
  const readKnown = (raw: unknown) => ({ by: textAt(raw, "status", "lastProven", "by") });
  const known = await client.find(KINDS[invoker.kind], namespace, invoker.name, readKnown, { signal });
  if (known === undefined || known.by === proven.by) return true;
  try {
    const patch = { kind: "merge", body: { status: { lastProven: proven } } } as const;
    await client.patchStatus(KINDS[invoker.kind], namespace, invoker.name, patch, asIs, { signal });
  } catch (error) {
    if (!isNotFound(error) && !isRefused(error)) throw error;
  }
  return true;
}
