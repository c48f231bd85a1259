/** RestoreSession and RestoreBatch. */
import type { RestoreMember } from "../../shared/api/member.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { RestoreSession } from "../../shared/api/restore-session.ts";
import { MAX_REPLICAS } from "../../shared/api/schema.ts";
import type { Rule } from "../../shared/api/target.ts";
import { Driver } from "../../shared/contract.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { isSnapshotId } from "../../shared/snapshots/id.ts";
import { type Finding, fault, warning } from "../../shared/validation/finding.ts";
import { findHookFaults } from "../../shared/validation/hooks.ts";
import { findDurationFaults } from "./backup-invoker.ts";
import { findBatchFaults, findMemberFaults } from "./members.ts";

type Restore = RestoreSession | RestoreBatch;

/**
 * Validates a restore by what it says itself.
 *
 * @param old the object before an update
 */
export function findRestoreInvokerFindings(restore: Restore, old?: Restore): readonly Finding[] {
  const { metadata, spec } = restore;
  const { namespace } = metadata;
  return [
    ...findMemberFindings(restore, namespace),
    ...findReplicaFaults(restore),
    ...findHookFaults(restore.kind === "RestoreBatch" ? spec.hooks : undefined, "spec.hooks"),
    ...findDurationFaults({ "spec.timeOut": spec.timeOut, "spec.retryConfig.delay": spec.retryConfig?.delay }),
    ...findRetryFaults(spec.retryConfig?.maxRetry),
    ...findRepositoryFaults(restore),
    ...findChoiceFaults(restore),
    ...findChangedSpec(restore, old),
  ];
}

function findMemberFindings(restore: Restore, namespace: string): readonly Finding[] {
  if (restore.kind === "RestoreSession") {
    const { spec } = restore;
    return [
      ...findMemberFaults(spec, namespace, "spec", "restore"),
      ...findReadOnlyMounts(spec, "spec"),
      // Validated in both places: where rules belong, and where upstream once read them (L49).
      ...findRuleFaults(spec.rules ?? [], "spec.rules"),
      ...findRuleFaults(spec.target?.rules ?? [], "spec.target.rules"),
    ];
  }
  const members = restore.spec.members ?? [];
  return [
    ...members.flatMap((member, index) => [
      ...findMemberFaults(member, namespace, `spec.members[${index}]`, "restore"),
      ...findReadOnlyMounts(member, `spec.members[${index}]`),
      ...findRuleFaults(member.target?.rules ?? [], `spec.members[${index}].target.rules`),
    ]),
    ...findBatchFaults(members, namespace),
  ];
}

/** Each is a claim to be made, and a job: of one member the schema limits them, of all together nothing else does. */
function findReplicaFaults(restore: Restore): readonly Finding[] {
  const members = restore.kind === "RestoreBatch" ? (restore.spec.members ?? []) : [restore.spec];
  const counts = members.map(({ target }) =>
    target?.volumeClaimTemplates?.length ? Math.max(1, target.replicas ?? 1) : 0,
  );
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all <= MAX_REPLICAS) return [];
  const next = "Divide it into several restores.";
  return [fault("spec", `makes the claims of ${all} replicas, and ${MAX_REPLICAS} are the most`, next)];
}

/** A restore has to write there. */
function findReadOnlyMounts({ target }: Pick<RestoreMember, "target">, field: string): readonly Finding[] {
  const paths = (target?.volumeMounts ?? []).flatMap(({ readOnly, mountPath }) =>
    readOnly === true ? [mountPath] : [],
  );
  if (paths.length === 0) return [];
  const named = paths.slice(0, MAX_FAULTS_EACH).join(", ");
  return [
    warning(
      `${field}.target.volumeMounts`,
      `mounts ${named} readOnly, where a restore writes`,
      "Leave readOnly out; what is restored elsewhere is no matter.",
    ),
  ];
}

/** Hosts that are told of one by one; more of them tell nothing new. */
const MAX_FAULTS_EACH = 5;

/** At most one rule for all hosts, one rule a host, and snapshots or paths but not both. */
function findRuleFaults(rules: readonly Rule[], field: string): readonly Finding[] {
  const forAll = rules.filter(({ targetHosts = [] }) => targetHosts.length === 0);
  const doubled = findDoubles(rules.flatMap(({ targetHosts = [] }) => [...new Set(targetHosts)]));
  return [
    ...(forAll.length > 1
      ? [fault(field, `${forAll.length} rules have no targetHosts`, "Leave targetHosts empty in one rule at most.")]
      : []),
    ...doubled
      .slice(0, MAX_FAULTS_EACH)
      .map((host) => fault(field, `host ${host} is in several rules`, "Put each host into one rule.")),
    ...rules.flatMap(({ snapshots = [] }, index) => findSnapshotFaults(snapshots, `${field}[${index}].snapshots`)),
    ...rules.flatMap(({ snapshots = [], paths = [] }, index) =>
      snapshots.length > 0 && paths.length > 0
        ? [fault(`${field}[${index}]`, "has snapshots and paths", "Keep one of them: a snapshot knows its paths.")]
        : [],
    ),
  ];
}

function findSnapshotFaults(snapshots: readonly string[], field: string): readonly Finding[] {
  return snapshots
    .filter((name) => name !== "latest" && !isSnapshotId(name))
    .slice(0, MAX_FAULTS_EACH)
    .map((name) => {
      const what = `${JSON.stringify(name.slice(0, 80))} is no id of a snapshot`;
      return fault(field, what, "Write `latest`, or the id as restic does: up to 64 of 0-9 and a-f.");
    });
}

function findDoubles(texts: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  const doubles = new Set<string>();
  for (const text of texts) {
    if (seen.has(text)) doubles.add(text);
    seen.add(text);
  }
  return [...doubles];
}

function findRetryFaults(maxRetry: number | undefined): readonly Finding[] {
  if (maxRetry === undefined || maxRetry >= 0) return [];
  return [fault("spec.retryConfig.maxRetry", `${maxRetry} is negative`, "Write zero or more.")];
}

function findRepositoryFaults({ spec }: Restore): readonly Finding[] {
  if ((spec.driver ?? Driver.Restic) !== Driver.Restic || spec.repository !== undefined) return [];
  return [fault("spec.repository", "is missing", "Name the Repository that holds the backups.")];
}

/** A recovery point is chosen in one way; without any the rules have to say what is restored. */
function findChoiceFaults(restore: Restore): readonly Finding[] {
  const { session, asOf, driver } = restore.spec;
  if (session && asOf !== undefined) {
    return [fault("spec.asOf", "is given beside spec.session", "Keep one of them: a session is a point in time.")];
  }
  if (session || asOf !== undefined || (driver ?? Driver.Restic) !== Driver.Restic) return [];
  const members = restore.kind === "RestoreBatch" ? (restore.spec.members ?? []) : [restore.spec];
  const hasDeprecated = restore.kind === "RestoreSession" && (restore.spec.rules ?? []).length > 0;
  const isEmpty = members.every(({ target }) => (target?.rules ?? []).every(selectsNothing));
  if (!isEmpty || hasDeprecated) return [];
  return [
    warning(
      "spec",
      "selects nothing to restore",
      "Add target.rules with paths or snapshots, or set spec.session or spec.asOf.",
    ),
  ];
}

function selectsNothing({ snapshots = [], paths = [] }: Rule): boolean {
  return snapshots.length === 0 && paths.length === 0;
}

/**
 * A restore does one thing once: its spec stays. Only `onFailure` may change, by which a person lets the application start
 * after a failure. A batch may be corrected until it runs.
 */
function findChangedSpec(restore: Restore, old: Restore | undefined): readonly Finding[] {
  if (old === undefined) return [];
  const mayChange = restore.kind === "RestoreBatch" && ["", "Pending", "Invalid"].includes(old.status?.phase ?? "");
  if (mayChange || fixedPart(restore) === fixedPart(old)) return [];
  return [fault("spec", "of a restore can't change, except onFailure", "Delete it and create another one.")];
}

/** Rules count the same at both places. */
function fixedPart(restore: Restore): string {
  const { onFailure: _, ...spec } = restore.spec;
  if (restore.kind !== "RestoreSession") return canonicalJson(spec);
  const { rules, target, ...rest } = restore.spec;
  const { onFailure: __, ...fixed } = rest;
  const effective = target?.rules ?? rules;
  return canonicalJson({ ...fixed, target: { ...target, ...(effective !== undefined && { rules: effective }) } });
}
