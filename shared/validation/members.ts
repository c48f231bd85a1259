/** Members of a batch: targets that can be reached, hosts that differ, dependencies that end. */
import type { BackupMember, RestoreMember } from "../api/member.ts";
import { findParamFaults } from "../reserved-variables.ts";
import { isClusterTask, isSidecarKind, isSidecarModel, isTargetKind, resolveTargetRef } from "../target.ts";
import { type Finding, fault } from "./finding.ts";
import { findHookFaults } from "./hooks.ts";

type Member = BackupMember | RestoreMember;

/**
 * Validates one member.
 *
 * @param namespace namespace of the invoker
 * @param field where it stands: `spec` or `spec.members[0]`
 */
export function findMemberFaults(member: Member, namespace: string, field: string): readonly Finding[] {
  return [
    ...findTargetFaults(member, namespace, `${field}.target.ref`),
    ...findHookFaults(member.hooks, `${field}.hooks`),
    ...findParamFaults(member.task?.params, `${field}.task.params`),
    ...findPathFaults(member, field),
  ];
}

/** What no right can be asked for is refused: no target, and a kind that nobody here backs up. */
function findTargetFaults(member: Member, namespace: string, field: string): readonly Finding[] {
  const given = member.target?.ref;
  const task = member.task?.name ?? "";
  if (!given?.kind && !given?.name) {
    if (isClusterTask(task) || hasClaimTemplates(member)) return [];
    return [fault(field, "is missing", "Set apiVersion, kind and name of the target.")];
  }
  if (!given.kind || !given.name) {
    if (hasClaimTemplates(member)) return [];
    return [fault(field, "lacks kind or name", "Set apiVersion, kind and name of the target.")];
  }
  const ref = resolveTargetRef(given, namespace);
  if (isClusterTask(task)) return [];
  if (!isTargetKind(ref.kind)) {
    const next = "Name a Deployment, StatefulSet, DaemonSet, PersistentVolumeClaim or AppBinding.";
    return [fault(`${field}.kind`, `${ref.kind} can't be backed up or restored`, next)];
  }
  if (ref.namespace === namespace) return [];
  if (ref.kind !== "PersistentVolumeClaim" && !isSidecarModel(ref, task)) return [];
  return [
    fault(
      `${field}.namespace`,
      `${ref.kind} of another namespace (${ref.namespace})`,
      `Create this object in ${ref.namespace}.`,
    ),
  ];
}

function hasClaimTemplates({ target = {} }: Member): boolean {
  return "volumeClaimTemplates" in target && (target.volumeClaimTemplates ?? []).length > 0;
}

function findPathFaults(member: Member, field: string): readonly Finding[] {
  const mounts = member.target?.volumeMounts ?? [];
  const relative = mounts.filter(({ mountPath }) => !mountPath.startsWith("/"));
  return relative.map(({ mountPath }) =>
    fault(`${field}.target.volumeMounts`, `mountPath ${mountPath} is not absolute`, "Begin it with a slash."),
  );
}

/**
 * Validates what members are to each other. Hosts of different members must differ, since results and snapshots go by
 * them; an alias makes them differ.
 */
export function findBatchFaults(members: readonly Member[], namespace: string): readonly Finding[] {
  const hosts = members.map((member) => hostsOf(member, namespace));
  const doubles = members.flatMap((_, index) => {
    const other = hosts.findIndex((one, before) => before < index && doHostsMeet(one, hosts[index]));
    if (other < 0) return [];
    const name = hosts[index]?.name;
    return [
      fault(
        `spec.members[${index}].target.alias`,
        `its hosts are named like those of spec.members[${other}] (${name})`,
        "Give each member an alias of its own.",
      ),
    ];
  });
  return [...doubles, ...findDependencyFaults(members)];
}

interface Hosts {
  readonly alias: string | undefined;
  /** Name of the only host, or what comes before ordinal or node. */
  readonly name: string;
  readonly isNumbered: boolean;
}

function hostsOf(member: Member, namespace: string): Hosts {
  const { kind } = resolveTargetRef(member.target?.ref, namespace);
  const alias = member.target?.alias || undefined;
  const isSidecar = isSidecarKind(kind);
  if (isSidecar && kind === "StatefulSet") return { alias, name: alias ?? "host", isNumbered: true };
  if (isSidecar && kind === "DaemonSet") return { alias, name: alias ?? "(its nodes)", isNumbered: false };
  return { alias, name: alias ?? "host-0", isNumbered: false };
}

function doHostsMeet(a: Hosts, b: Hosts | undefined): boolean {
  if (b === undefined) return false;
  if (a.alias !== undefined && a.alias === b.alias) return true;
  if (a.isNumbered === b.isNumbered) return a.name === b.name;
  const [numbered, single] = a.isNumbered ? [a, b] : [b, a];
  return single.name.startsWith(`${numbered.name}-`) && /^\d+$/.test(single.name.slice(numbered.name.length + 1));
}

function findDependencyFaults(members: readonly Member[]): readonly Finding[] {
  const byAlias = new Map(members.flatMap((member) => (member.target?.alias ? [[member.target.alias, member]] : [])));
  const unknown = members.flatMap(({ dependsOn = [] }, index) =>
    dependsOn
      .filter((alias) => !byAlias.has(alias))
      .map((alias) =>
        fault(
          `spec.members[${index}].dependsOn`,
          `no member has the alias ${alias}`,
          "Name the alias of another member.",
        ),
      ),
  );
  const cycle = findCycle(members);
  if (unknown.length > 0 || cycle === undefined) return unknown;
  return [fault("spec.members", `dependsOn runs in a circle: ${cycle.join(" -> ")}`, "Take one of these away.")];
}

/** Aliases of a circle, its first one again at the end. */
function findCycle(members: readonly Member[]): readonly string[] | undefined {
  const edges = new Map(
    members.flatMap(({ target, dependsOn = [] }) => (target?.alias ? [[target.alias, dependsOn] as const] : [])),
  );
  const done = new Set<string>();
  const visit = (alias: string, way: readonly string[]): readonly string[] | undefined => {
    const at = way.indexOf(alias);
    if (at >= 0) return [...way.slice(at), alias];
    if (done.has(alias)) return undefined;
    for (const next of edges.get(alias) ?? []) {
      const found = visit(next, [...way, alias]);
      if (found !== undefined) return found;
    }
    done.add(alias);
    return undefined;
  };
  for (const alias of edges.keys()) {
    const found = visit(alias, []);
    if (found !== undefined) return found;
  }
  return undefined;
}
