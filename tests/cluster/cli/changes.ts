/** Commands that change something: keys, snapshots, sessions at work, copies in other namespaces. */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseBackupSession } from "../../../shared/api/backup-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { listAt, textAt, valueAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { type CliStage, DB, WEB } from "../../support/cli/stage.ts";
import { eventually } from "../../support/eventually.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import { batchManifest } from "../../support/restore/application.ts";

export function testChanges(stage: () => CliStage): void {
  test("keys are listed, added, changed and removed; what is there never comes here", async () => {
    const { data, output, stash, dir, stand, namespace } = stage();
    const file = join(dir, "password");
    await writeFile(file, "another one\n");
    await output("key", "add", "store", `--new-password-file=${file}`, "--user=ops");
    const opened = stand.restic("--password-file", file, "list", "locks", "--no-lock");
    expect(opened.trim()).toBe("");
    const keys = listAt(await data("key", "list", "store"), "keys");
    expect(keys).toHaveLength(2);
    const added =
      textAt(
        keys.find((key) => textAt(key, "user") === "ops"),
        "id",
      ) ?? "";
    expect(await output("key", "remove", "store", `--id=${added}`)).toBe(`key ${added} removed\n`);

    const changed = await stash(["key", "passwd", "store", "--new-password-file=-"], { input: "the third\n" });
    expect(changed).toMatchObject({ exitCode: 0, stdout: `Secret ${namespace}/backend has the new password\n` });
    const secret = await stand.client.get(KUBERNETES.Secret, namespace, "backend", asIs);
    expect(Buffer.from(textAt(secret, "data", "RESTIC_PASSWORD") ?? "", "base64").toString()).toBe("the third");
    const [, old = ""] = /key remove store --id=([0-9a-f]+) /.exec(changed.stderr) ?? [];
    // The test's own restic keeps to the first password, so that one stays, and the new one goes.
    const left = listAt(await data("key", "list", "store"), "keys");
    expect(left.find((key) => textAt(key, "id") === old)).toMatchObject({ isCurrent: false });
    await stand.client.patch(
      KUBERNETES.Secret,
      namespace,
      "backend",
      { kind: "merge", body: { data: { RESTIC_PASSWORD: Buffer.from("test").toString("base64") } } },
      asIs,
    );
  });

  test("a snapshot is deleted under upstream's name for it", async () => {
    const { output, stand } = stage();
    const list = () => stand.restic("list", "snapshots", "--no-lock").trim().split("\n");
    const [first = ""] = list();
    await output("delete", "snapshot", `store-${first.slice(0, 8)}`);
    expect(list()).not.toContain(first);
  });

  test("a session is cancelled: what has not begun never does, its after-hook runs, and another ends nothing", async () => {
    const { output, stash, stand, namespace } = stage();
    const hooks = {
      preBackup: { exec: { command: ["sleep", "60"] }, containerName: "app" },
      postBackup: { exec: { command: ["touch", "/marks/thawed"] }, containerName: "app" },
    };
    const batch = batchManifest(namespace, [DB, WEB], { executionOrder: "Sequential" });
    const members = listAt(batch, "spec", "members").map((member, at) =>
      at === 0 ? { ...Object(member), hooks } : member,
    );
    await stand.apply({
      ...batch,
      metadata: { name: "slow", namespace },
      spec: { ...Object(valueAt(batch, "spec")), members },
    });
    const ready = () => stand.client.get(KINDS.BackupBatch, namespace, "slow", asIs);
    await eventually(ready, (one) => textAt(one, "status", "phase") === "Ready");
    const name = (await output("trigger", "slow", "-o", "name")).trim().split("/")[1] ?? "";
    const read = () => stand.client.get(KINDS.BackupSession, namespace, name, parseBackupSession);
    await eventually(read, ({ status }) => (status?.targets?.[0]?.hooks ?? []).length > 0);
    const refused = await stash(["unlock", "store"]);
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`in use by BackupSession ${namespace}/${name}`),
    });
    expect(await output("cancel", `session/${name}`, "--wait")).toBe(
      `backupsession.stash.appscode.com/${name} cancelled\n`,
    );
    const { status } = await read();
    expect(status).toMatchObject({
      phase: "Failed",
      targets: [
        { phase: "Failed", stats: [{ reason: "CANCELLED" }] },
        { phase: "Failed", reason: "CANCELLED" },
      ],
    });
    expect(existsSync(join(stand.marks, "thawed"))).toBe(true);
    expect(await output("status", "slow")).toContain("Failed CANCELLED");
    const again = await stash(["cancel", "session", name]);
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("has ended already: Failed") });
    expect(await stash(["cancel", "restore/back"])).toMatchObject({ exitCode: 2 });
  });

  test("a Repository is copied with its Secret, a batch without what is not its own", async () => {
    const { output, stash, stand } = stage();
    const to = "cli-test-copy";
    await stand.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: to } });
    expect(await output("copy", "repository", "store", `--to-namespace=${to}`)).toBe(
      `secret/backend copied to ${to}\nrepository.stash.appscode.com/store copied to ${to}\n`,
    );
    const secret = await stand.client.get(KUBERNETES.Secret, to, "backend", asIs);
    expect(textAt(secret, "data", "RESTIC_PASSWORD")).toBe(Buffer.from("test").toString("base64"));
    const again = await stash(["cp", "repository", "store", `--to-namespace=${to}`]);
    expect(again).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("already, and was left as it is") });
    const json = await output("copy", "batch", "nightly", `--to-namespace=${to}`, "--paused", "-o", "json");
    expect(json).not.toContain(Buffer.from("test").toString("base64"));
    const batch = await stand.client.get(KINDS.BackupBatch, to, "nightly", asIs);
    expect(valueAt(batch, "spec", "paused")).toBe(true);
    expect(await stash(["copy", "batch", "nightyl", `--to-namespace=${to}`])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("did you mean nightly?"),
    });
  });
}
