/** What a host run's snapshots are of, as their tags will tell. Pure. */
import type { HostRun } from "../../shared/api/host-run.ts";
import { UserError } from "../../shared/errors.ts";
import type { SnapshotOrigin, TaggedInvoker } from "../../shared/snapshots/tags.ts";
import { formatTarget, resolveTargetRef } from "../../shared/target/ref.ts";

type BackupOrder = NonNullable<HostRun["spec"]["backup"]>;

/** The invoker as its tag names it. */
export function taggedInvoker(namespace: string, { invoker, cluster }: BackupOrder): TaggedInvoker {
  const { kind, namespace: own = namespace, name } = invoker;
  return { kind, namespace: own, name, ...(cluster !== undefined && { cluster }) };
}

/** @throws UserError NOT_FOUND when the invoker no longer names the target */
export function originOf({ metadata, spec }: HostRun): SnapshotOrigin {
  const { backup, targetIndex } = spec;
  const { namespace } = metadata;
  const target = resolveTargetRef(spec.target, namespace);
  if (backup === undefined) {
    throw new UserError(
      "NOT_FOUND",
      `the invoker of session ${spec.run.name} no longer names ${formatTarget(target)}`,
      {
        next: "Nothing to do: the next session follows the invoker as it is now.",
      },
    );
  }
  const { hosts, members, time } = backup;
  return {
    session: { namespace, name: spec.run.name, ...(time && { time }) },
    invoker: taggedInvoker(namespace, backup),
    target,
    ...(hosts !== undefined &&
      members !== undefined &&
      targetIndex !== undefined && { part: { member: targetIndex + 1, members, hosts } }),
  };
}
