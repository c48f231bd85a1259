/** Tags that every snapshot carries: which session of which invoker made it, of which target. */
import { SnapshotTag } from "./contract.ts";
import { type ResolvedTargetRef, targetKey } from "./target.ts";

/** What made a snapshot. */
export interface SnapshotOrigin {
  readonly session: { readonly namespace: string; readonly name: string; readonly time?: string };
  readonly invoker: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly target: Pick<ResolvedTargetRef, "kind" | "namespace" | "name">;
}

/** What follows the first tag with the prefix. */
export function tagValue({ tags }: { readonly tags: readonly string[] }, prefix: string): string | undefined {
  return tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
}

/** Namespaces are part of a tag, since several may share one repository. */
export function sessionTag(session: Pick<SnapshotOrigin["session"], "namespace" | "name">): string {
  return `${SnapshotTag.Session}${session.namespace}/${session.name}`;
}

export function invokerTag(invoker: SnapshotOrigin["invoker"]): string {
  return `${SnapshotTag.Invoker}${invoker.kind}/${invoker.namespace}/${invoker.name}`;
}

export function targetTag(target: SnapshotOrigin["target"]): string {
  return `${SnapshotTag.Target}${targetKey(target)}`;
}

/** The three that say what made a snapshot, in the order in which they are given to restic. */
export function snapshotTags(origin: SnapshotOrigin): readonly string[] {
  return [sessionTag(origin.session), invokerTag(origin.invoker), targetTag(origin.target)];
}

/**
 * What a snapshot still has to tell when its session is gone. They don't tell it from others: what looks for a snapshot
 * looks for snapshotTags().
 *
 * @param paths how many paths the session saves of the host
 */
export function recordTags({ session }: SnapshotOrigin, paths: number): readonly string[] {
  const time = session.time === undefined ? [] : [`${SnapshotTag.Time}${session.time}`];
  return [...time, `${SnapshotTag.Paths}${paths}`];
}
