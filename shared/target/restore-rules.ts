/**
 * Which snapshots a host's restore reads: rules by host, or a recovery point. Pure. Nothing selected is an error here, never
 * a success without data.
 */
import { UserError } from "../errors.ts";
import { isWithin, normalPath, normalPaths } from "../paths.ts";
import { wholeSnapshots } from "../snapshots/point-parts.ts";
import { hostName, podOrdinal } from "./hosts.ts";
import { EMPTY_TARGET_KIND, type ResolvedTargetRef, resolveTargetRef, type TargetRefLike, targetKey } from "./ref.ts";

/** A rule as it is written. */
export interface RestoreRule {
  readonly targetHosts?: readonly string[];
  readonly sourceHost?: string;
  readonly snapshots?: readonly string[];
  readonly paths?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** The host that is restored. */
export interface RestoreHost {
  readonly target: ResolvedTargetRef;
  readonly alias: string | undefined;
  readonly hostname: string;
  /** Rules of the manual name pods instead of hosts. */
  readonly podName: string | undefined;
}

export interface ChosenPoint {
  readonly session?: string;
  readonly snapshots?: readonly {
    readonly target?: TargetRefLike;
    readonly hostname?: string;
    readonly path?: string;
    readonly id?: string;
    /** How many hosts its target had. */
    readonly hosts?: number;
    /** How many paths its host had, where it had several. */
    readonly paths?: number;
  }[];
}

/** A snapshot that is wanted. */
export type WantedSnapshot =
  | { readonly by: "id"; readonly id: string; readonly path?: string }
  | { readonly by: "latest" }
  | { readonly by: "path"; readonly path: string };

export interface RestoreSelection {
  readonly sourceHost: string;
  /** None only for a host that the application did not have when its recovery point was made. */
  readonly wanted: readonly WantedSnapshot[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Whether a rule names another host than the one that is restored: its data may be another target's, such as another claim's. */
  readonly namesHost?: boolean;
  /** Snapshots of one session may lie within each other: they belong together. Those of a rule may not. */
  readonly mayOverlap: boolean;
}

/** Host that a name in a rule stands for: a host's own name, or a pod's name such as `db-3`. */
function hostOfRuleName(name: string, host: RestoreHost): string {
  const ordinal = podOrdinal(name);
  const isPodName = ordinal !== undefined && name === `${host.target.name}-${ordinal}`;
  if (!isPodName || host.target.kind !== "StatefulSet") return name;
  return hostName({ kind: "StatefulSet", alias: host.alias, ordinal }) ?? name;
}

/**
 * The rule that holds for a host: the first that names it, else the last that names no host.
 *
 * @returns undefined when no rule does
 */
export function selectRule(rules: readonly RestoreRule[], host: RestoreHost): RestoreRule | undefined {
  const isNamed = (name: string) =>
    name === host.hostname || name === host.podName || hostOfRuleName(name, host) === host.hostname;
  return (
    rules.find(({ targetHosts }) => targetHosts?.some(isNamed) === true) ??
    rules.findLast(({ targetHosts }) => (targetHosts ?? []).length === 0)
  );
}

/** @throws UserError SNAPSHOT_NOT_FOUND when some of what was saved of a host is not in the list */
function requireAllPaths(
  { session = "" }: ChosenPoint,
  sourceHost: string,
  listed: readonly { readonly path?: string; readonly paths?: number }[],
): void {
  const saved = listed.reduce((most, { paths = 1 }) => Math.max(most, paths), 0);
  const found = new Set(listed.map(({ path }) => path)).size;
  if (found >= saved) return;
  throw new UserError(
    "SNAPSHOT_NOT_FOUND",
    `recovery point ${session} lists ${found} of the ${saved} paths that were saved of host ${sourceHost}`,
    { next: "Name those that are wanted in rules[].paths, or choose another session." },
  );
}

function savedOf(point: ChosenPoint, host: RestoreHost, sourceHost: string) {
  const ofHost = (point.snapshots ?? [])
    .filter(({ hostname }) => hostname === sourceHost)
    .map((snapshot) => (snapshot.path === undefined ? snapshot : { ...snapshot, path: normalPath(snapshot.path) }));
  const keyOf = (ref: TargetRefLike | undefined) => targetKey(resolveTargetRef(ref, host.target.namespace));
  const ofTarget = ofHost.filter(({ target }) => keyOf(target) === targetKey(host.target));
  // Data of another target is taken only when there is no doubt which one.
  const isOneTarget = new Set(ofHost.map(({ target }) => keyOf(target))).size === 1;
  return ofTarget.length > 0 ? ofTarget : isOneTarget ? ofHost : [];
}

function sourceHostOf(rule: RestoreRule | undefined, host: RestoreHost): string {
  return rule?.sourceHost ? hostOfRuleName(rule.sourceHost, host) : host.hostname;
}

/** Which host's data a host is to get, and what a recovery point has of it. */
export function savedForHost(rules: readonly RestoreRule[], host: RestoreHost, point: ChosenPoint) {
  const rule = selectRule(rules, host);
  const sourceHost = sourceHostOf(rule, host);
  return { sourceHost, saved: savedOf(point, host, sourceHost) };
}

function wantedByPoint(point: ChosenPoint, host: RestoreHost, sourceHost: string, paths: readonly string[]) {
  const chosen = savedOf(point, host, sourceHost);
  // A part of what was asked for must not pass for the whole.
  if (!paths.every((path) => chosen.some((snapshot) => snapshot.path === path))) return [];
  if (paths.length === 0) requireAllPaths(point, sourceHost, chosen);
  return chosen
    .filter(({ path }) => paths.length === 0 || (path !== undefined && paths.includes(path)))
    .flatMap(({ id, path }): WantedSnapshot[] =>
      id === undefined ? [] : [{ by: "id", id, ...(path !== undefined && { path }) }],
    );
}

function splitOrdinal(hostname: string): readonly [string, number] | undefined {
  const [, prefix, ordinal] = /^(.*)-(\d+)$/.exec(hostname) ?? [];
  return prefix === undefined ? undefined : [prefix, Number(ordinal)];
}

/**
 * Whether a StatefulSet had all its hosts in the point, and this one came later. Told by the name alone a host could as well be one
 * that was renamed, so all must be called alike.
 */
function isLaterHost(point: ChosenPoint, { target, hostname }: RestoreHost): boolean {
  const own = splitOrdinal(hostname);
  const saved = (point.snapshots ?? []).filter(
    (snapshot) => targetKey(resolveTargetRef(snapshot.target, target.namespace)) === targetKey(target),
  );
  const names = [...new Set(saved.map((snapshot) => snapshot.hostname ?? ""))].map(splitOrdinal);
  if (target.kind !== "StatefulSet" || own === undefined || names.length === 0) return false;
  return (
    saved.every(({ hosts }) => hosts === names.length) &&
    names.every((name) => name !== undefined && name[0] === own[0] && name[1] < own[1])
  );
}

function describePoint(point: ChosenPoint): string {
  const lines = (point.snapshots ?? []).map(({ target, hostname, path, id }) =>
    [`${target?.kind ?? ""} ${target?.name ?? ""}`.trim(), hostname, path, id].filter(Boolean).join(" "),
  );
  return lines.length === 0 ? "nothing" : lines.join("; ");
}

/**
 * What is restored on a host.
 *
 * @param point recovery point; when present it decides, and rules only choose host, paths and patterns within it
 * @throws UserError NOTHING_SELECTED or SNAPSHOT_NOT_FOUND
 */
export function selectForHost(
  rules: readonly RestoreRule[],
  host: RestoreHost,
  point: ChosenPoint | undefined,
): RestoreSelection {
  const rule = selectRule(rules, host);
  const sourceHost = sourceHostOf(rule, host);
  const patterns = { include: rule?.include ?? [], exclude: rule?.exclude ?? [] };
  const named = sourceHost === host.hostname ? {} : { namesHost: true };
  if (point !== undefined) {
    const wanted = wantedByPoint(point, host, sourceHost, normalPaths(rule?.paths ?? []));
    const isLater = !rule?.sourceHost && isLaterHost(point, host);
    if (wanted.length > 0 || isLater) return { sourceHost, wanted, ...patterns, mayOverlap: true };
    throw new UserError(
      "SNAPSHOT_NOT_FOUND",
      `recovery point ${point.session ?? ""} holds no snapshot of host ${sourceHost}; it holds ${describePoint(point)}`,
    );
  }
  if (rule === undefined) {
    throw new UserError("NOTHING_SELECTED", `no rule names host ${host.hostname}, and none is for all hosts`);
  }
  const wanted: readonly WantedSnapshot[] =
    (rule.snapshots ?? []).length > 0
      ? [...new Set(rule.snapshots)].map((id) => (id === "latest" ? { by: "latest" } : { by: "id", id }))
      : normalPaths(rule.paths ?? []).map((path) => ({ by: "path", path }));
  if (wanted.length === 0) {
    throw new UserError("NOTHING_SELECTED", `the rule for host ${host.hostname} names neither snapshots nor paths`);
  }
  return { sourceHost, wanted, ...patterns, ...named, mayOverlap: false };
}

/** A snapshot of the repository, as far as choosing needs it. */
export interface ListedSnapshot {
  readonly id: string;
  readonly time: string;
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  /** Id that it had before restic changed its tags. */
  readonly original?: string;
}

const MAX_LISTED = 20;

function describe(snapshots: readonly ListedSnapshot[], unlisted: number): string {
  if (snapshots.length === 0) return "the repository holds no snapshot";
  const lines = snapshots
    .slice(0, MAX_LISTED)
    .map(({ id, time, hostname, paths }) => `${id.slice(0, 8)} ${time.slice(0, 19)} ${hostname} ${paths.join(",")}`);
  const rest = snapshots.length - lines.length + unlisted;
  return `there are ${lines.join("; ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** Names those of the host where there are any. */
function notFound(
  what: string,
  newestFirst: readonly ListedSnapshot[],
  sourceHost: string,
  unlisted: number,
): UserError {
  const ofHost = newestFirst.filter(({ hostname }) => hostname === sourceHost);
  const there = ofHost.length > 0 ? describe(ofHost, 0) : describe(newestFirst, unlisted);
  return new UserError("SNAPSHOT_NOT_FOUND", `${what} does not exist; ${there}`);
}

/**
 * Of several snapshots of the same host name, those of the target itself; without any, those without a tag, which upstream made; of
 * another target only where a rule names its host, or claims are made that are nobody's yet, and it is the only one and of the same
 * namespace.
 *
 * @throws UserError SNAPSHOT_NOT_FOUND when there are those of other targets alone: a name is no proof of whose data it is
 */
function ofTarget(
  candidates: readonly ListedSnapshot[],
  ownTag: string,
  { namesHost = false }: RestoreSelection,
  what: string,
): readonly ListedSnapshot[] {
  const prefix = ownTag.slice(0, ownTag.indexOf("=") + 1);
  const tagOf = ({ tags }: ListedSnapshot) => tags.find((tag) => tag.startsWith(prefix)) ?? "";
  const own = candidates.filter((snapshot) => tagOf(snapshot) === ownTag);
  if (own.length > 0) return own;
  const untagged = candidates.filter((snapshot) => tagOf(snapshot) === "");
  if (untagged.length > 0) return untagged;
  const origins = [...new Set(candidates.map(tagOf))];
  const [only = "", ...others] = origins;
  const isNobodys = ownTag.startsWith(`${prefix}${EMPTY_TARGET_KIND}/`);
  if ((namesHost || isNobodys) && others.length === 0 && namespaceOf(only) === namespaceOf(ownTag)) return candidates;
  throw new UserError("SNAPSHOT_NOT_FOUND", `${what} of ${ownTag} does not exist; ${origins.join(" and ")} have one`, {
    next: "Name the snapshots by id, or the session to restore.",
  });
}

/** Of `target=KIND/NAMESPACE/NAME`. */
function namespaceOf(targetTag: string): string | undefined {
  return targetTag.split("/")[1];
}

export interface ResolvedSnapshot {
  readonly id: string;
  readonly time: string;
  readonly paths: readonly string[];
}

/**
 * Finds the wanted snapshots among those that exist, so that nothing is touched when one is missing.
 *
 * @param ownTag `target=` tag of the target that is restored
 * @param unlisted how many there are besides, of other hosts
 * @returns outer paths before inner ones
 * @throws UserError SNAPSHOT_NOT_FOUND with the list of what exists, PATHS_OVERLAP
 */
export function resolveSnapshots(
  selection: RestoreSelection,
  existing: readonly ListedSnapshot[],
  ownTag: string,
  unlisted = 0,
): readonly ResolvedSnapshot[] {
  const { sourceHost } = selection;
  const newestFirst = [...existing].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
  // One that is not whole is taken only by who names it.
  const ofHost = wholeSnapshots(newestFirst).filter(({ hostname }) => hostname === sourceHost);
  function resolve(wanted: WantedSnapshot): ListedSnapshot {
    if (wanted.by === "id") {
      const found = newestFirst.filter(({ id }) => id.startsWith(wanted.id));
      // A short id may be the beginning of several.
      const first = found.find(({ hostname }) => hostname === sourceHost) ?? found[0];
      if (first === undefined) throw notFound(`snapshot ${wanted.id}`, newestFirst, sourceHost, unlisted);
      return first;
    }
    const what =
      wanted.by === "path" ? `snapshot of path ${wanted.path} of host ${sourceHost}` : `snapshot of host ${sourceHost}`;
    const candidates = wanted.by === "path" ? ofHost.filter(({ paths }) => paths.includes(wanted.path)) : ofHost;
    const first = candidates.length === 0 ? undefined : ofTarget(candidates, ownTag, selection, what)[0];
    if (first === undefined) throw notFound(what, newestFirst, sourceHost, unlisted);
    return first;
  }
  const resolved = [...new Map(selection.wanted.map(resolve).map((snapshot) => [snapshot.id, snapshot])).values()];
  if (!selection.mayOverlap) requireApart(resolved);
  // Outer paths first, so that what was saved of an inner one for itself is what stays.
  const outerFirst = [...resolved].sort((a, b) => depth(a) - depth(b));
  return outerFirst.map(({ id, time, paths }) => ({ id, time, paths }));
}

function depth({ paths }: ListedSnapshot): number {
  return Math.min(...paths.map((path) => path.split("/").length));
}

/** Snapshots of one restore must not write to the same places: which one won would be chance. */
function requireApart(snapshots: readonly ListedSnapshot[]): void {
  for (const [index, snapshot] of snapshots.entries()) {
    for (const other of snapshots.slice(index + 1)) {
      for (const path of snapshot.paths) {
        const clash = other.paths.find((candidate) => isWithin(path, candidate) || isWithin(candidate, path));
        if (clash === undefined) continue;
        throw new UserError(
          "PATHS_OVERLAP",
          `snapshot ${snapshot.id.slice(0, 8)} of ${path} and snapshot ${other.id.slice(0, 8)} of ${clash} overlap`,
        );
      }
    }
  }
}
