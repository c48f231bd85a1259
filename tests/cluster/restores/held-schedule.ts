/** A restore holds the schedules of its targets. */
import { beforeAll, expect, test } from "vitest";
import { parseBackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import type { Installation } from "../../support/product/installed-cluster.ts";
import { batchManifest, restoreManifest, restoreMember } from "../../support/restore/application.ts";
import { openRestoreStand, type RestoreStand, waitForValue } from "../../support/restore/restore-stand.ts";

const NAMESPACE = "restore-hold";
const LATER = { kind: "Deployment", name: "later" } as const;

/**
 * Holds a schedule of every minute by a restore whose only target is missing, so that it goes on for as long as it is wanted.
 *
 * @returns what tells the test that looks at it, when a minute has passed with other tests
 */
export function holdSchedule(cluster: () => Installation): () => void {
  let stand: RestoreStand;

  beforeAll(async () => {
    stand = await openRestoreStand(cluster(), NAMESPACE);
    await stand.apply(restoreManifest(NAMESPACE, "open", [restoreMember(LATER)]));
    await stand.apply(batchManifest(NAMESPACE, [LATER], { schedule: "* * * * *" }));
  });

  return () => {
    test("makes no session before the restore has ended, and the owed one after it", async () => {
      const listSessions = async () =>
        (await stand.client.list(KINDS.BackupSession, NAMESPACE, parseBackupSession)).items;
      const log = () => cluster().product.log("reconciler");
      await waitForValue(log, (text) => text.includes("schedule held by a restore"), "the first slot", 65_000);
      expect(await listSessions()).toEqual([]);
      await stand.client.delete(KINDS.RestoreBatch, NAMESPACE, "open");
      const [session] = await waitForValue(listSessions, ({ length }) => length > 0, "the owed session", 10_000);
      expect(session?.metadata.name).toMatch(/^nightly-\d+$/);
    });
  };
}
