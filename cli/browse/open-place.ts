/** Opens the point that a word names. */
import { PassThrough } from "node:stream";
import { createItemSplitter } from "../../agent/restic/json-items.ts";
import { readSnapshot, type Snapshot } from "../../agent/restic/snapshots.ts";
import { Command } from "../../shared/contract.ts";
import { sessionTag } from "../../shared/snapshots/tags.ts";
import { judgeSnapshots } from "../../shared/verdicts.ts";
import type { Cluster } from "../cluster/interface.ts";
import { openCluster } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import { UsageError } from "../program/usage-error.ts";
import { gatherWork } from "../repository-work/gather-work.ts";
import { type Shell, withShell } from "../repository-work/shell.ts";
import { type PointSnapshots, snapshotsOfPoint } from "./choose-snapshots.ts";
import { type FoundPoint, findPoint } from "./gather-point.ts";

export interface OpenPoint {
  readonly point: FoundPoint;
  readonly snapshots: readonly PointSnapshots[];
}

/** Opens a shell on the Repository of the points. @throws UsageError when they are of several Repositories */
export async function withPoints<T>(
  input: Input,
  words: readonly string[],
  work: (shell: Shell, points: readonly OpenPoint[]) => Promise<T>,
): Promise<T> {
  const cluster: Cluster = await openCluster(input);
  const repository = input.flags.text("repository");
  const points = await Promise.all(words.map((word) => findPoint(cluster, word, repository)));
  const [first, ...others] = points.map((point) => point.repository);
  if (others.some((other) => other !== first)) {
    throw new UsageError(`the points are in several Repositories: ${[first, ...others].join(", ")}`);
  }
  const view = await gatherWork(cluster, first ?? "", input.flags);
  return withShell(input, cluster, view, async (shell) => {
    const open: OpenPoint[] = [];
    for (const point of points) {
      open.push({ point, snapshots: snapshotsOfPoint(point, await listSnapshots(shell, point)) });
    }
    return work(shell, open);
  });
}

/** All snapshots of a repository, or those of one point. What verdicts say of them is among their tags. */
export async function listSnapshots(
  shell: Shell,
  point?: Pick<FoundPoint, "namespace" | "session">,
): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  const stdout = new PassThrough();
  const items = createItemSplitter((text) => void found.push(readSnapshot(text)));
  stdout.on("data", (chunk: Buffer) => items.feed(chunk));
  await shell.run([Command.Restic, "snapshots", "--json", "--no-lock"], { stdout });
  const judged = judgeSnapshots(found);
  if (point === undefined) return judged;
  const tag = sessionTag({ namespace: point.namespace, name: point.session });
  return judged.filter(({ tags }) => tags.includes(tag));
}
