/** What the agent reads of a BackupConfiguration or BackupBatch. */
import { UserError } from "../../shared/errors.ts";
import { formatTarget, resolveTargetRef, targetKey } from "../../shared/target.ts";
import { type BackupMemberSpec, type BackupTargetEntry, checkBackupMember } from "./backup-session.ts";
import { type Checked, flag, list, number, optional, parse, shape, text } from "./check.ts";
import { checkMetadata } from "./common.ts";

const memberFields = { tempDir: optional(shape({ disableCaching: optional(flag) })) };
const checkMemberExtras = shape(memberFields);

const checkRetentionPolicy = shape({
  name: optional(text),
  keepLast: optional(number),
  keepHourly: optional(number),
  keepDaily: optional(number),
  keepWeekly: optional(number),
  keepMonthly: optional(number),
  keepYearly: optional(number),
  keepTags: optional(list(text)),
  prune: optional(flag),
  dryRun: optional(flag),
});
export type RetentionPolicySpec = Checked<typeof checkRetentionPolicy>;

const checkCommonSpec = shape({ retentionPolicy: optional(checkRetentionPolicy) });
const checkBatchSpec = shape({ members: optional(list(checkBackupMember)) });
const checkInvoker = shape({ kind: text, metadata: checkMetadata });
const checkExtras = shape({ members: optional(list(checkMemberExtras)) });

/** One member as the agent needs it. */
export interface InvokerMember {
  readonly spec: BackupMemberSpec;
  readonly isCacheEnabled: boolean;
}

export interface AgentBackupInvoker {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly members: readonly InvokerMember[];
  readonly retentionPolicy: RetentionPolicySpec | undefined;
}

function isCacheEnabled(extras: Checked<typeof checkMemberExtras> | undefined): boolean {
  return extras?.tempDir?.disableCaching !== true;
}

/** Reads either kind. @throws UserError INVALID_OBJECT naming the field */
export function parseBackupInvoker(object: unknown): AgentBackupInvoker {
  const { kind, metadata } = parse<Checked<typeof checkInvoker>>(checkInvoker, object);
  const holder = parse(shape({ spec: checkCommonSpec }), object);
  const members =
    kind === "BackupBatch"
      ? batchMembers(holder.spec)
      : [
          {
            spec: parse<BackupMemberSpec>(checkBackupMember, holder.spec, "spec"),
            isCacheEnabled: isCacheEnabled(
              parse<Checked<typeof checkMemberExtras>>(checkMemberExtras, holder.spec, "spec"),
            ),
          },
        ];
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    members,
    retentionPolicy: holder.spec.retentionPolicy,
  };
}

function batchMembers(spec: unknown): readonly InvokerMember[] {
  const specs = parse<Checked<typeof checkBatchSpec>>(checkBatchSpec, spec, "spec").members ?? [];
  const extras = parse<Checked<typeof checkExtras>>(checkExtras, spec, "spec").members ?? [];
  return specs.map((member, index) => ({ spec: member, isCacheEnabled: isCacheEnabled(extras[index]) }));
}

/**
 * The member that a target's entry stands for: what the session itself says where the target joined by its label, else the
 * invoker's member with the same target and alias.
 *
 * @throws UserError NOT_FOUND when the invoker no longer names the target
 */
export function memberOf(invoker: AgentBackupInvoker, target: BackupTargetEntry): InvokerMember {
  if (target.member !== undefined) return { spec: target.member, isCacheEnabled: true };
  const wanted = resolveTargetRef(target.ref, invoker.namespace);
  const sameTarget = invoker.members.filter(
    ({ spec }) => targetKey(resolveTargetRef(spec.target?.ref, invoker.namespace)) === targetKey(wanted),
  );
  const member =
    sameTarget.find(({ spec }) => (spec.target?.alias || undefined) === (target.alias || undefined)) ?? sameTarget[0];
  if (member === undefined) {
    throw new UserError(
      "NOT_FOUND",
      `${invoker.kind} ${invoker.namespace}/${invoker.name} no longer names ${formatTarget(wanted)}`,
      {
        next: "Nothing to do: the next session follows the invoker as it is now.",
      },
    );
  }
  return member;
}
