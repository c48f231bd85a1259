/** What a restore would do, as the status of one that is a dry run tells it. Pure. */

import type { TriedHost } from "../../shared/api/host-stats.ts";
import type { RestoreBatch, RestoreMemberStatus } from "../../shared/api/restore-batch.ts";
import { type RestoreMemberView, restoreInvokerView } from "../../shared/invoker/object.ts";
import { FILES_UNKNOWN } from "../../shared/reasons.ts";
import { formatTarget, resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import type { Point, PointSnapshot } from "../points/decide.ts";
import { leftOut, type NamedMember } from "./build-object.ts";
import type { MemberFiles, PlannedMember } from "./decide-plan.ts";
import { addTried } from "./file-plan.ts";
import type { ToldPlan } from "./format-plan.ts";

/**
 * Reads the plan out of a RestoreBatch with `spec.dryRun`.
 *
 * @param tried as the reconciler left it
 * @param members of the restore, in the order of its spec
 * @param point that is known here, which may tell sizes of what restic did not look at
 */
export function readTriedPlan(
  tried: RestoreBatch,
  members: readonly NamedMember[],
  point: Point | undefined,
): ToldPlan {
  const invoker = restoreInvokerView(tried);
  const { recoveryPoint, plan = [] } = tried.status ?? {};
  const { session, time } = recoveryPoint ?? {};
  return {
    point: session === undefined || time === undefined ? undefined : { session, time },
    nearest: undefined,
    members: invoker.members.map((member, at): PlannedMember => {
      const name = members[at]?.name ?? member.alias ?? member.ref.name;
      const told = statusOf(tried, member);
      const known = point?.session === session ? point?.members?.find((one) => one.name === name) : undefined;
      const files = filesOf(told);
      return {
        name,
        step: plan[at]?.step ?? 0,
        target: formatTarget(member.ref),
        how: plan[at]?.by ?? "-",
        restarts: plan[at]?.restarts ?? "-",
        snapshots: snapshotsOf(tried, member),
        sizeBytes: files.kind === "tried" ? files.files.totalBytes : (known?.sizeBytes ?? 0),
        files,
      };
    }),
    waitsFor: [...new Set(plan.flatMap(({ waitsFor = [] }) => waitsFor))],
    leftOut: members.flatMap(leftOut),
  };
}

function statusOf({ status, metadata }: RestoreBatch, member: RestoreMemberView): RestoreMemberStatus | undefined {
  return status?.members?.find(({ alias, ref }) => {
    return alias === member.alias && targetKey(resolveTargetRef(ref, metadata.namespace)) === targetKey(member.ref);
  });
}

function snapshotsOf({ status, metadata }: RestoreBatch, member: RestoreMemberView): readonly PointSnapshot[] {
  const key = targetKey(member.ref);
  return (status?.recoveryPoint?.snapshots ?? []).flatMap(({ target, hostname = "", path = "", id }) => {
    if (id === undefined || target === undefined) return [];
    return targetKey(resolveTargetRef(target, metadata.namespace)) === key
      ? [{ host: hostname, path, id, sizeBytes: 0 }]
      : [];
  });
}

function filesOf(told: RestoreMemberStatus | undefined): MemberFiles {
  const hosts = (told?.stats ?? []).flatMap(({ tried }) => (tried === undefined ? [] : [withNames(tried)]));
  const [first, ...others] = hosts;
  const { message } = told ?? {};
  const why = message?.startsWith(FILES_UNKNOWN) ? message.slice(FILES_UNKNOWN.length) : message;
  if (first === undefined) return { kind: "unknown", why: why ?? "nobody looked at them" };
  const unlisted = told?.unlisted?.succeeded ?? 0;
  const lacks = [why, unlisted > 0 ? `${unlisted} hosts that the status does not list` : undefined].filter(
    (one) => one !== undefined,
  );
  return { kind: "tried", files: others.reduce(addTried, first), ...(lacks.length > 0 && { lacks: lacks.join("; ") }) };
}

const withNames = ({ overwritten = [], newFiles, changedFiles, sameFiles, totalBytes, writtenBytes }: TriedHost) => ({
  newFiles,
  changedFiles,
  sameFiles,
  totalBytes,
  writtenBytes,
  overwritten,
});
