/** An application of a real MariaDB, a Deployment and a DaemonSet loses its data and gets it back in order. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { findConnection } from "../../../shared/kube/connection/find.ts";
import { createPodExec, type PodExec } from "../../../shared/kube/exec/pod.ts";
import { waitForContainer, waitForReadyPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import type { Installation } from "../../support/product/installed-cluster.ts";
import { batchManifest, partManifest, restoreManifest, restoreMember } from "../../support/restore/application.ts";
import { LOCKING_HOOKS, mariadbManifest, sqlScript, WRITER } from "../../support/restore/mariadb-member.ts";
import { emptyFolder, openRestoreStand, type RestoreStand } from "../../support/restore/restore-stand.ts";
import { sharedPlane } from "../../support/shared-plane.ts";

export function testDatabase(cluster: () => Installation): void {
  const NAMESPACE = "restore-database";
  const TIMEOUT_MS = 90_000;
  const DB = { kind: "StatefulSet", name: "db" } as const;
  const WEB = { kind: "Deployment", name: "web" } as const;
  const LOGS = { kind: "DaemonSet", name: "logs" } as const;

  let stand: RestoreStand;
  let exec: PodExec;
  let pictures: string;
  let logs: string;

  async function run(script: string): Promise<string> {
    const command = ["bash", "-c", script];
    const result = await exec({ namespace: NAMESPACE, pod: "db-0", container: "server", command, timeoutMs: 60_000 });
    if (result.end.kind === "timedOut" || result.end.exitCode !== 0) throw new Error(`${script}: ${result.stderr}`);
    return result.stdout.trim();
  }

  beforeAll(async () => {
    stand = await openRestoreStand(cluster(), NAMESPACE);
    exec = createPodExec({
      connection: await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath }),
    });
    const { client, marks } = stand;
    pictures = await stand.makeFolder("pictures");
    logs = await stand.makeFolder("logs");
    const [db, ...others] = [DB, WEB, LOGS].map((member) => ({
      target: { ...restoreMember(member).target, rules: undefined, paths: ["/data"] },
    }));
    await stand.apply(
      batchManifest(NAMESPACE, [], { members: [{ ...db, hooks: LOCKING_HOOKS }, ...others] }),
      mariadbManifest(NAMESPACE),
      partManifest({ ...WEB, namespace: NAMESPACE, marks, data: pictures }),
      partManifest({ ...LOGS, namespace: NAMESPACE, marks, data: logs }),
    );
    await waitForReadyPods(client, NAMESPACE, "app=db", 1, TIMEOUT_MS);
    for (const name of ["db", "web", "logs"]) {
      await waitForContainer(client, NAMESPACE, `app=${name}`, "stash", 1, TIMEOUT_MS);
    }
    await run(
      sqlScript(`CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
      CREATE TABLE item (id INT PRIMARY KEY, name TEXT, raw BLOB) ENGINE=InnoDB;
      INSERT INTO item VALUES (1, 'naïve 🦆', UNHEX('0001FF27')), (2, NULL, NULL);
      CREATE TABLE tick (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;`),
    );
    await writeFile(join(pictures, "picture"), "old picture");
    await writeFile(join(logs, "log"), "old log");
  }, 240_000);

  test("a database that was backed up while it was written to answers with its old rows, before the members after it start", async () => {
    await run(WRITER);
    await stand.backUp("nightly-1");
    const ticks = Number(await run(sqlScript("SELECT COUNT(*) FROM shop.tick")));
    await run(sqlScript("DELETE FROM shop.item; INSERT INTO shop.item VALUES (3, 'new', NULL)"));
    const folder = await stand.folderOfClaim("files-db-0");
    await emptyFolder(folder);
    await writeFile(join(pictures, "picture"), "new picture");
    await emptyFolder(logs);
    await stand.clearMarks();

    await stand.apply(
      restoreManifest(
        NAMESPACE,
        "back",
        [DB, WEB, LOGS].map((member) => restoreMember(member)),
        { executionOrder: "Sequential", session: "nightly-1" },
      ),
    );
    const { status } = await stand.waitForEnd("back", TIMEOUT_MS);
    expect(status, JSON.stringify(status, null, 1)).toMatchObject({
      phase: "Succeeded",
      recoveryPoint: { session: "nightly-1" },
      members: [
        { phase: "Succeeded", stats: [{ hostname: "db-0" }] },
        { phase: "Succeeded", stats: [{ hostname: "web" }] },
        { phase: "Succeeded", totalHosts: 1 },
      ],
    });
    const [db, web, log] = (status?.members ?? []).map(({ stats }) => stats?.[0]);
    expect(Date.parse(web?.startedAt ?? "")).toBeGreaterThan(Date.parse(db?.finishedAt ?? ""));
    expect(Date.parse(log?.startedAt ?? "")).toBeGreaterThan(Date.parse(web?.finishedAt ?? ""));

    await waitForReadyPods(stand.client, NAMESPACE, "app=db", 1, TIMEOUT_MS);
    const rows = await run(sqlScript("SELECT id, name, HEX(raw) FROM shop.item ORDER BY id"));
    expect(rows.split("\n")).toEqual(["1\tnaïve 🦆\t0001FF27", "2\tNULL\tNULL"]);
    expect(await run(sqlScript("CHECK TABLE shop.item, shop.tick EXTENDED"))).toMatch(/item.*OK\n.*tick.*OK$/);
    const restored = Number(await run(sqlScript("SELECT COUNT(*) FROM shop.tick")));
    expect(restored).toBeGreaterThan(0);
    expect(restored, "rows that were written after the lock are not there").toBeLessThan(ticks);
    expect(await readFile(join(pictures, "picture"), "utf8")).toBe("old picture");
    expect(await readFile(join(logs, "log"), "utf8")).toBe("old log");
    expect(await stand.readMarks("empty")).toEqual([]);
    await waitForReadyPods(stand.client, NAMESPACE, "app", 3, TIMEOUT_MS);
  });

  test("a StatefulSet's pod that a failed restore holds is named by the next restore, and replaced once it is deleted", async () => {
    const { client } = stand;
    const wrong = restoreMember(DB, { rules: [{ snapshots: ["0123abcd"] }] });
    await stand.apply(restoreManifest(NAMESPACE, "wrong", [wrong]));
    const failed = await stand.waitForEnd("wrong", TIMEOUT_MS);
    expect(failed.status).toMatchObject({ phase: "Failed", reason: "SNAPSHOT_NOT_FOUND" });
    expect(failed.status?.message).toContain("db: db-0: snapshot 0123abcd does not exist");
    await stand.apply(restoreManifest(NAMESPACE, "right", [restoreMember(DB)]));
    const told = "db: pod db-0 still waits for RestoreBatch wrong, and a StatefulSet replaces no pod that is not ready";
    await stand.waitForRestore("right", ({ status }) => status?.message?.startsWith(told) === true, TIMEOUT_MS);
    await client.delete(KUBERNETES.Pod, NAMESPACE, "db-0");
    const { status } = await stand.waitForEnd("right", TIMEOUT_MS);
    expect(status, JSON.stringify(status, null, 1)).toMatchObject({ phase: "Succeeded" });
    expect(status?.message).toBeUndefined();
    await waitForReadyPods(client, NAMESPACE, "app=db", 1, TIMEOUT_MS);
    expect(await run(sqlScript("SELECT COUNT(*) FROM shop.item"))).toBe("2");
  });
}
