/** What one host's turn is to back up. */
import { UserError } from "../../shared/errors.ts";
import type { SnapshotOrigin } from "../../shared/snapshot-tags.ts";
import { type InvokerMember, memberOf } from "../parse/backup-invoker.ts";
import type { AgentBackupSession } from "../parse/backup-session.ts";
import type { OwnEntry } from "../turn.ts";
import { readInvoker } from "./read-invoker.ts";
import type { TurnPorts } from "./turn-ports.ts";

export interface BackupPlan {
  readonly member: InvokerMember;
  readonly origin: SnapshotOrigin;
  /** Each path once; none where something else than files is saved. */
  readonly paths: readonly string[];
}

/** @throws UserError NOT_FOUND, INVALID_OBJECT or TARGET_INVALID */
export async function planBackup(session: AgentBackupSession, own: OwnEntry, ports: TurnPorts): Promise<BackupPlan> {
  const invoker = await readInvoker(session, ports);
  const member = memberOf(invoker, own.target);
  const named = [...new Set(member.spec.target?.paths ?? [])];
  const paths = named.length > 0 ? named : ports.defaultPaths;
  // What is not a file has no paths.
  if (paths.length === 0 && ports.saveHost === undefined) {
    throw new UserError("TARGET_INVALID", "the member names no paths to back up", {
      next: "Set target.paths in the invoker.",
    });
  }
  const { namespace, name, creationTimestamp } = session.metadata;
  const time = session.spec.dueTime ?? creationTimestamp;
  const { kind, namespace: invokerNamespace, name: invokerName } = invoker;
  return {
    member,
    paths,
    origin: {
      session: { namespace, name, ...(time !== undefined && { time }) },
      invoker: { kind, namespace: invokerNamespace, name: invokerName },
      target: ports.settings.target,
    },
  };
}
