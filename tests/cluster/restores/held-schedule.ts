/** A restore holds the schedules of its targets. */
import { beforeAll, expect, test } from "vitest";
import { parseBackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { eventually } from "../../support/eventually.ts";
import { waitForContainer } from "../../support/objects/pods.ts";
import type { Installation } from "../../support/product/installed-cluster.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../../support/restore/application.ts";
import { openRestoreStand, type RestoreStand } from "../../support/restore/restore-stand.ts";

const NAMESPACE = "restore-hold";
const APP = { kind: "Deployment", name: "app" } as const;
const TIMEOUT_MS = 60_000;
/** Goes on for longer than the tests before it take. */
const LONG_HOOK = { exec: { command: ["sleep", "280"] }, containerName: "stash-init" };

/**
 * Holds a schedule of every minute by a restore at work: it runs its member's hook.
 *
 * @returns what tells the test that looks at it, when a minute has passed with other tests
 */
export function holdSchedule(cluster: () => Installation): () => void {
  let stand: RestoreStand;

  beforeAll(async () => {
    stand = await openRestoreStand(cluster(), NAMESPACE);
    const data = await stand.makeFolder("data");
    await stand.apply(partManifest({ ...APP, namespace: NAMESPACE, marks: stand.marks, data }));
    await stand.apply(batchManifest(NAMESPACE, [APP]));
    await waitForContainer(stand.client, NAMESPACE, "app=app", "stash", 1, TIMEOUT_MS);
    // A restore that has nothing to restore fails before its hooks.
    await stand.backUp("first");
    await stand.client.delete(KINDS.BackupSession, NAMESPACE, "first");
    const members = [{ ...restoreMember(APP), hooks: { preRestore: LONG_HOOK } }];
    await stand.apply(restoreManifest(NAMESPACE, "open", members));
    await stand.waitForRestore("open", ({ status }) => (status?.members?.[0]?.stats ?? []).length > 0);
    await stand.apply(batchManifest(NAMESPACE, [APP], { schedule: "* * * * *" }));
  });

  return () => {
    test("makes no session before the restore has ended, and the owed one after it", async () => {
      const listSessions = async () =>
        (await stand.client.list(KINDS.BackupSession, NAMESPACE, parseBackupSession)).items;
      const log = () => cluster().product.log("reconciler");
      await eventually(log, (text) => text.includes("schedule held by a restore"), 65_000);
      expect(await listSessions()).toEqual([]);
      await stand.client.delete(KINDS.RestoreBatch, NAMESPACE, "open");
      const [session] = await eventually(listSessions, ({ length }) => length > 0, 10_000);
      expect(session?.metadata.name).toMatch(/^nightly-\d+$/);
    });
  };
}
