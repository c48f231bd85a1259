/** Members of a batch: targets that can be reached, hosts that differ, dependencies that end. */
import type { BackupMember, RestoreMember } from "../../shared/api/member.ts";
import type { OptionsOf } from "../../shared/repository/restic-flags.ts";
import { findArgumentFault } from "../../shared/repository/restic-options.ts";
import {
  isClusterTask,
  isSidecarKind,
  isSidecarModel,
  isTargetKind,
  resolveTargetRef,
} from "../../shared/target/ref.ts";
import { type Finding, fault } from "../../shared/validation/finding.ts";
import { findHookFaults } from "../../shared/validation/hooks.ts";
import { findParamFaults } from "../../shared/validation/reserved-variables.ts";
import { findContainerFaults } from "../../shared/validation/runtime-settings.ts";

type Member = BackupMember | RestoreMember;

/** Of one kind in one member: more than these tell nothing new. */
const MAX_FAULTS_EACH = 5;
const MAX_SHOWN_CYCLE = 10;

/**
 * Validates one member.
 *
 * @param namespace namespace of the invoker
 * @param field where it stands: `spec` or `spec.members[0]`
 * @param work what is done with it
 */
export function findMemberFaults(
  member: Member,
  namespace: string,
  field: string,
  work: OptionsOf,
): readonly Finding[] {
  return [
    ...findTargetFaults(member, namespace, `${field}.target.ref`),
    ...findHookFaults(member.hooks, `${field}.hooks`),
    ...findParamFaults(member.task?.params, `${field}.task.params`),
    ...findPathFaults(member, field),
    ...findArgumentFaults(member, namespace, { field: `${field}.target.args`, work }),
    ...findContainerFaults(member, `${field}.`),
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

/** Arguments of a dump are that program's own. */
function findArgumentFaults(
  { target, task }: Member,
  namespace: string,
  { field, work }: { readonly field: string; readonly work: OptionsOf },
): readonly Finding[] {
  const { kind } = resolveTargetRef(target?.ref, namespace);
  const isFiles =
    isSidecarModel({ kind }, task?.name) || (kind === "PersistentVolumeClaim" && isVolumeTask(task?.name));
  const found = isFiles ? findArgumentFault(target?.args ?? [], work) : undefined;
  return found === undefined ? [] : [fault(`${field}[${found.index}]`, found.message, found.next)];
}

/** Ours for files of volumes; another may take its arguments as it likes. */
function isVolumeTask(name: string | undefined): boolean {
  return !name || name === "pvc-backup" || name === "pvc-restore";
}

function hasClaimTemplates({ target = {} }: Member): boolean {
  return "volumeClaimTemplates" in target && (target.volumeClaimTemplates ?? []).length > 0;
}

function findPathFaults(member: Member, field: string): readonly Finding[] {
  const mounts = member.target?.volumeMounts ?? [];
  const relative = mounts.filter(({ mountPath }) => !mountPath.startsWith("/"));
  return relative
    .slice(0, MAX_FAULTS_EACH)
    .map(({ mountPath }) =>
      fault(`${field}.target.volumeMounts`, `mountPath ${mountPath} is not absolute`, "Begin it with a slash."),
    );
}

/**
 * Validates what members are to each other. Hosts of different members must differ, since results and snapshots go by
 * them; an alias makes them differ.
 */
export function findBatchFaults(members: readonly Member[], namespace: string): readonly Finding[] {
  const taken = new TakenHosts();
  const doubles = members.flatMap((member, index) => {
    const hosts = hostsOf(member, namespace);
    const other = taken.firstLike(hosts);
    taken.add(hosts, index);
    if (other === undefined) return [];
    return [
      fault(
        `spec.members[${index}].target.alias`,
        `its hosts are named like those of spec.members[${other}] (${hosts.name})`,
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

/** Hosts of the members so far, by what those of a later one could share with them. */
class TakenHosts {
  readonly #byAlias = new Map<string, number>();
  readonly #byName = new Map<string, number>();
  /** Single hosts that are called like one ordinal of a numbered member. */
  readonly #byBase = new Map<string, number>();

  /** Index of the first member whose hosts are named like these. */
  firstLike({ alias, name, isNumbered }: Hosts): number | undefined {
    const base = isNumbered ? undefined : ordinalBase(name);
    const found = [
      alias === undefined ? undefined : this.#byAlias.get(alias),
      this.#byName.get(nameKey(name, isNumbered)),
      isNumbered ? this.#byBase.get(name) : undefined,
      base === undefined ? undefined : this.#byName.get(nameKey(base, true)),
    ].filter((index) => index !== undefined);
    return found.length === 0 ? undefined : Math.min(...found);
  }

  add({ alias, name, isNumbered }: Hosts, index: number): void {
    const base = isNumbered ? undefined : ordinalBase(name);
    if (alias !== undefined) addFirst(this.#byAlias, alias, index);
    addFirst(this.#byName, nameKey(name, isNumbered), index);
    if (base !== undefined) addFirst(this.#byBase, base, index);
  }
}

function addFirst(indices: Map<string, number>, key: string, index: number): void {
  if (!indices.has(key)) indices.set(key, index);
}

function nameKey(name: string, isNumbered: boolean): string {
  return `${isNumbered ? "numbered" : "single"} ${name}`;
}

/** `web` of `web-12`. */
function ordinalBase(name: string): string | undefined {
  const dash = name.lastIndexOf("-");
  return dash >= 0 && /^\d+$/.test(name.slice(dash + 1)) ? name.slice(0, dash) : undefined;
}

function findDependencyFaults(members: readonly Member[]): readonly Finding[] {
  const edges = new Map(
    members.flatMap(({ target, dependsOn = [] }) => (target?.alias ? [[target.alias, dependsOn] as const] : [])),
  );
  const unknown = members.flatMap(({ dependsOn = [] }, index) =>
    dependsOn
      .filter((alias) => !edges.has(alias))
      .slice(0, MAX_FAULTS_EACH)
      .map((alias) =>
        fault(
          `spec.members[${index}].dependsOn`,
          `no member has the alias ${alias}`,
          "Name the alias of another member.",
        ),
      ),
  );
  const cycle = findCycle(edges);
  if (unknown.length > 0 || cycle === undefined) return unknown;
  const shown = cycle.length > MAX_SHOWN_CYCLE ? [...cycle.slice(0, MAX_SHOWN_CYCLE), "..."] : cycle;
  return [fault("spec.members", `dependsOn runs in a circle: ${shown.join(" -> ")}`, "Take one of these away.")];
}

/** Aliases of a circle, its first one again at the end. Without recursion: a batch may be one long chain. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  for (const start of edges.keys()) {
    const way: { readonly alias: string; next: number }[] = [];
    const onWay = new Set<string>();
    const enter = (alias: string): void => {
      way.push({ alias, next: 0 });
      onWay.add(alias);
    };
    if (!done.has(start)) enter(start);
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      const next = edges.get(at.alias)?.[at.next++];
      if (next === undefined) {
        way.pop();
        onWay.delete(at.alias);
        done.add(at.alias);
      } else if (onWay.has(next)) {
        const aliases = way.map(({ alias }) => alias);
        return [...aliases.slice(aliases.indexOf(next)), next];
      } else if (!done.has(next)) enter(next);
    }
  }
  return undefined;
}
