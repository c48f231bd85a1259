/** Tags that every snapshot carries: which session of which invoker made it, of which target. */
import { SnapshotTag } from "../contract.ts";
import { type ResolvedTargetRef, targetKey } from "../target/ref.ts";

/** What made a snapshot. */
export interface SnapshotOrigin {
  readonly session: { readonly namespace: string; readonly name: string; readonly time?: string };
  readonly invoker: TaggedInvoker;
  readonly target: Pick<ResolvedTargetRef, "kind" | "namespace" | "name">;
  /** Which part of the session it is. */
  readonly part?: SessionPart;
}

export interface TaggedInvoker {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** uid of the cluster's kube-system: several clusters may keep what has the same names in one bucket. */
  readonly cluster?: string;
}

export interface SessionPart {
  /** Position of the member, from 1. */
  readonly member: number;
  readonly members: number;
  /** How many hosts the member has. */
  readonly hosts: number;
}

/** What follows the first tag with the prefix. */
export function tagValue({ tags }: { readonly tags: readonly string[] }, prefix: string): string | undefined {
  return tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
}

/** Namespaces are part of a tag, since several may share one repository. */
export function sessionTag(session: Pick<SnapshotOrigin["session"], "namespace" | "name">): string {
  return `${SnapshotTag.Session}${session.namespace}/${session.name}`;
}

export function invokerTag({ kind, namespace, name, cluster }: TaggedInvoker): string {
  return SnapshotTag.Invoker + [kind, namespace, name, ...(cluster ? [cluster] : [])].join("/");
}

/** The cluster that made a snapshot; undefined where it has no tag, or one of the form that named no cluster. */
export function clusterOf(snapshot: { readonly tags: readonly string[] }): string | undefined {
  return tagValue(snapshot, SnapshotTag.Invoker)?.split("/")[3];
}

export function targetTag(target: SnapshotOrigin["target"]): string {
  return `${SnapshotTag.Target}${targetKey(target)}`;
}

/** The three that say what made a snapshot, in the order in which they are given to restic. */
export function snapshotTags(origin: SnapshotOrigin): readonly string[] {
  return [sessionTag(origin.session), invokerTag(origin.invoker), targetTag(origin.target)];
}

function timeTags({ time }: SnapshotOrigin["session"]): readonly string[] {
  return time === undefined ? [] : [`${SnapshotTag.Time}${time}`];
}

/** Those by which snapshots of this very session are found, and none of an earlier one of the same name. */
export function sessionTags(origin: SnapshotOrigin): readonly string[] {
  return [...snapshotTags(origin), ...timeTags(origin.session)];
}

/**
 * What a snapshot still has to tell when its session is gone. But for the time they don't tell it from others: what
 * looks for a session's snapshots looks for sessionTags().
 *
 * @param paths how many paths the session saves of the host
 */
export function recordTags({ session, part }: SnapshotOrigin, paths: number): readonly string[] {
  const ofPart =
    part === undefined
      ? []
      : [`${SnapshotTag.Hosts}${part.hosts}`, `${SnapshotTag.Member}${part.member}/${part.members}`];
  return [...timeTags(session), `${SnapshotTag.Paths}${paths}`, ...ofPart];
}
