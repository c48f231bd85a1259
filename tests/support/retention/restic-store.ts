/** A real repository for a history: restic saves, and the agent's own action applies the policy. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeVerdict } from "../../../agent/backup/write-verdict.ts";
import { runAction } from "../../../agent/maintain/actions.ts";
import { writeKnown } from "../../../agent/maintain/write-known.ts";
import type { Restic } from "../../../agent/restic/client.ts";
import type { ResticWorld } from "../restic/restic-world.ts";
import { ownTag, type Store } from "./saved-repository.ts";

/** Older versions of restic name a new snapshot by so many characters of its id. */
const SHORT = 8;

/** As many as would be removed by one call of restic, whatever the limit of the step: it is not cut short here. */
export async function createResticStore(world: ResticWorld, restic: Restic): Promise<Store> {
  const signal = new AbortController().signal;
  for (const folder of ["a", "b"]) {
    await mkdir(join(world.data, folder), { recursive: true });
    await writeFile(join(world.data, folder, "file"), `of ${folder}`);
  }
  return {
    async save({ hostname, paths, tags, time }) {
      const lines: string[] = [];
      const when = time.slice(0, 19).replace("T", " ");
      const flags = ["--json", "--host", hostname, "--time", when, ...tags.flatMap((tag) => ["--tag", tag])];
      const folders = paths.map((path) => join(world.data, path));
      const exit = await restic.run(["backup", ...flags, ...folders], { onLine: (line) => lines.push(line) });
      const id = /"snapshot_id":"([0-9a-f]{8})/.exec(lines.join("\n"))?.[1];
      if (exit.code !== 0 || id === undefined) throw restic.fault("backup of the history", exit);
      return id;
    },
    judge: (id, tag) => writeVerdict(id, [tag], { restic, withLock: (run) => run() }),
    async know(sessionTag) {
      const scope = {
        invokerTag: ownTag(),
        sessionTag,
        untagged: [],
        incomplete: [sessionTag.slice("session=".length)],
      };
      await writeKnown(await restic.snapshots({}), scope, { restic, withLock: (run) => run() });
    },
    async retain({ rules }, sessionTag) {
      const outcome = await runAction("ApplyRetentionPolicy", {
        restic,
        signal,
        policy: { name: "history", prune: false, ...rules },
        scope: () => ({ invokerTag: ownTag(), sessionTag, untagged: [] }),
        readDataSubset: undefined,
        withLock: (run) => run(),
      });
      if (outcome.kind === "failed") throw outcome.failure.error;
    },
    ids: async () => new Set((await restic.snapshots({})).map(({ id }) => id.slice(0, SHORT))),
  };
}
