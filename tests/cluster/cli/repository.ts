/** Work on a repository, and looking into its backups, through Jobs in the cluster. */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JOBS } from "../../../cli/cluster/resources.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import type { CliStage } from "../../support/cli/stage.ts";
import { eventually } from "../../support/eventually.ts";
import { bareRestic } from "../../support/restic/bare-restic.ts";
import { STORAGE_PASSWORD, storageManifests } from "../../support/restore/application.ts";

const TIMEOUT_MS = 90_000;

/** @param session one that saved everything */
export function testRepositoryWork(stage: () => CliStage, session: () => string): void {
  test("check reads the repository in the cluster, and says what restic says", async () => {
    const text = await stage().output("check", "store", "--read-data-subset=100%");
    expect(text).toContain("no errors were found");
  });

  test("prune --dry-run changes nothing, and prune goes through", async () => {
    const { output, stand } = stage();
    const before = stand.restic("list", "packs");
    expect(await output("prune", "store", "--dry-run", "--max-unused-limit=0")).toContain("to delete");
    expect(stand.restic("list", "packs")).toBe(before);
    expect(await output("prune", "store")).toContain("done");
  });

  test("what restic refuses ends with 1 and its words", async () => {
    const { exitCode, stdout, stderr } = await stage().stash(["check", "store", "--read-data-subset=lots"]);
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 1 });
    expect(stdout).toContain("read-data-subset has invalid value");
    expect(stderr).toMatch(/^error: Job \S+ failed with exit code 1 \(next: /);
  });

  test("a locked repository is told with who unlocks it; unlock removes the lock; rebuild-index works", async () => {
    const { output, stash, stand } = stage();
    const locks = () => stand.restic("list", "locks", "--no-lock").trim();
    const holder = bareRestic(stand.repository, STORAGE_PASSWORD).hold();
    try {
      await eventually(
        async () => locks(),
        (ids) => ids !== "",
      );
      const refused = await stash(["key", "remove", "store", "--id=0123abcd", "-o", "json"]);
      expect(refused).toMatchObject({
        exitCode: 1,
        stdout: expect.stringContaining('"code": "REPOSITORY_LOCKED"'),
        stderr: expect.stringContaining(`where it is gone: kubectl stash unlock store -n ${stage().namespace})`),
      });
    } finally {
      await holder.kill();
    }
    expect(locks()).not.toBe("");
    // A maintenance that is at work just then is no lock that nobody holds.
    const unlock = () => stash(["unlock", "store"]);
    const unlocked = await eventually(unlock, ({ exitCode }) => exitCode === 0, TIMEOUT_MS);
    expect(unlocked.stdout).toContain("successfully removed");
    expect(await output("rebuild-index", "store")).toContain("done");
    expect(locks()).toBe("");
  });

  test("migrate brings a repository of the old format to the new one", async () => {
    const { output, stand, namespace } = stage();
    const folder = await stand.makeFolder("old");
    const restic = bareRestic(folder, STORAGE_PASSWORD);
    restic.run("init", "--repository-version=1");
    const [, , repository] = storageManifests({ namespace, repository: folder });
    if (repository === undefined) throw new Error("no Repository is among the manifests");
    await stand.apply({ ...repository, metadata: { name: "old", namespace } });
    await output("migrate", "old");
    expect(JSON.parse(restic.run("cat", "config", "--no-lock"))).toMatchObject({ version: 2 });
    await stand.client.delete(KINDS.Repository, namespace, "old");
  });

  test("a Repository that is not there is told with the nearest", async () => {
    expect(await stage().stash(["check", "stroe"])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("did you mean store?"),
    });
  });

  describe("looking into a backup", () => {
    test("ls lists paths, a folder, and all of it", async () => {
      const { output, data } = stage();
      const [roots, folder, all, listed] = await Promise.all([
        output("ls", `${session()}:web`),
        output("ls", `${session()}:web`, "/data"),
        output("ls", "nightly:web", "/data", "-R", "-o", "name"),
        data("ls", `${session()}:db`, "/data"),
      ]);
      // As `| head -1`: its Job goes, too, which is looked at below.
      const cut = await stage().stash(["ls", "nightly:web", "/data", "-R"], { closesAfterBytes: 1 });
      expect({ stderr: cut.stderr, isOf: [0, 141].includes(cut.exitCode ?? -1) }).toEqual({ stderr: "", isOf: true });
      expect(roots).toMatch(/\/data$/m);
      expect(folder).toMatch(/^-rw\S+ +\d+ B +\S+ +\/data\/own$/m);
      expect(all).toContain("/data/deep/er/file\n");
      expect(listed).toMatchObject({
        files: expect.arrayContaining([expect.objectContaining({ path: "/data/own", type: "file" })]),
      });
    });

    test("cat gives the bytes as they were", async () => {
      const { output, folders } = stage();
      expect(await output("cat", `${session()}:web`, "/data/own")).toBe("data of web");
      const sum = execFileSync("sha256sum", [join(folders.get("web") ?? "", "bytes")], { encoding: "utf8" });
      const { stdout } = await stage().stash(["cat", `${session()}:web`, "/data/bytes"], { encoding: "base64" });
      const had = execFileSync("sha256sum", { input: Buffer.from(stdout, "base64"), encoding: "utf8" });
      expect(had.split(" ")[0]).toBe(sum.split(" ")[0]);
    });

    test("download brings a folder, what matches, or a file, and shows how much", async () => {
      const { stash, folders, dir } = stage();
      const into = join(dir, "down");
      const all = await stash(["download", `${session()}:web`, "-o", into]);
      expect(all).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^\d+ files, .* in /m) });
      const saved = folders.get("web") ?? "";
      execFileSync("diff", ["-r", join(into, "data"), saved]);
      const some = join(dir, "some");
      expect(await stash(["download", "nightly:web", "/data", "-o", some, "--include", "fil?"])).toMatchObject({
        exitCode: 0,
      });
      expect(await readFile(join(some, "data/deep/er/file"), "utf8")).toBe("deep");
      await expect(readFile(join(some, "data/own"))).rejects.toThrow();
      expect(await stash(["download", `${session()}:web`, "/data/own", "-o", some])).toMatchObject({ exitCode: 0 });
      expect(await readFile(join(some, "data/own"), "utf8")).toBe("data of web");
    });

    test("upstream's download of a snapshot of a Repository", async () => {
      const { stash, stand, dir } = stage();
      const [snapshot = ""] = stand.restic("list", "snapshots", "--no-lock").trim().split("\n");
      const id = snapshot.slice(0, 8);
      await mkdir(join(dir, "up"), { recursive: true });
      const args = ["download", "store", `--destination=${join(dir, "up")}`, `--snapshots=${id}`];
      expect(await stash(args)).toMatchObject({ exitCode: 0 });
      expect(await readFile(join(dir, "up", id, "data/own"), "utf8")).toMatch(/^data of /);
    });

    test("what is not there is told with what is", async () => {
      const cases = [
        [["ls", `${session()}:wbe`], "did you mean web?"],
        [["ls", session()], "members are db, web"],
        [["cat", `${session()}:web`, "/etc/passwd"], "saved paths are /data"],
        [["cat", `${session()}:web`, "/data/../etc"], "leads out of its folder"],
        [["ls", "nihgtly:web"], "did you mean nightly?"],
        [["ls", "nightly-1700000000:web"], "holds nothing of recovery point"],
      ] as const;
      await Promise.all(
        cases.map(async ([args, words]) => {
          const { exitCode, stderr, stdout } = await stage().stash([...args]);
          expect({ args, exitCode, stdout, stderr }).toMatchObject({
            exitCode: args[2]?.includes("..") ? 2 : 1,
            stdout: "",
            stderr: expect.stringContaining(words),
          });
        }),
      );
    });

    test("diff tells what changed from one point to the next", async () => {
      const { output, data, folders } = stage();
      const folder = folders.get("web") ?? "";
      await writeFile(join(folder, "added"), "new");
      const later = /nightly-\d{10}/.exec(await output("trigger", "nightly", "--wait"))?.[0] ?? "";
      expect(await output("diff", session(), later)).toMatch(/^\+ +web:\/data\/added$/m);
      expect(await data("diff", session(), later, "-m", "db")).toMatchObject({
        changes: [],
        members: [{ member: "db" }],
      });
    });
  });

  test("whoever has the documented Role may look into backups; without pods/exec the right is named, and nothing is left", async () => {
    const { stash, stand, namespace, writeKubeconfig } = stage();
    const rules = [
      { apiGroups: ["stash.appscode.com"], resources: ["*"], verbs: ["get", "list"] },
      { apiGroups: [""], resources: ["pods", "pods/log"], verbs: ["get", "list"] },
      { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "delete"] },
    ];
    const exec = { apiGroups: [""], resources: ["pods/exec"], verbs: ["create", "get"] };
    for (const [name, given] of [
      ["reader", [...rules, exec]],
      ["half-reader", rules],
    ] as const) {
      const rbac = "rbac.authorization.k8s.io";
      await stand.apply(
        { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name, namespace }, rules: given },
        {
          apiVersion: `${rbac}/v1`,
          kind: "RoleBinding",
          metadata: { name, namespace },
          roleRef: { apiGroup: rbac, kind: "Role", name },
          subjects: [{ kind: "User", apiGroup: rbac, name }],
        },
      );
    }
    const as = async (user: string) =>
      stash(["cat", `${session()}:web`, "/data/deep/er/file"], {
        env: { KUBECONFIG: await writeKubeconfig(user, []) },
      });
    const read = await as("reader");
    expect(read, read.stderr).toMatchObject({ exitCode: 0, stdout: "deep" });
    const refused = await as("half-reader");
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain(`kubectl auth can-i create pods --subresource=exec -n ${namespace}`);
  });

  test("no Job is left of looking, and none has the Secret's content in it", async () => {
    const { stand, namespace } = stage();
    const read = async () => (await stand.client.list(JOBS, namespace, asIs)).items;
    const isGone = (jobs: readonly unknown[]) => jobs.every((job) => !JSON.stringify(job).includes("repository-shell"));
    const jobs = await eventually(read, isGone);
    expect(jobs.length).toBeGreaterThan(0);
    for (const job of jobs) expect(JSON.stringify(job)).not.toContain("RESTIC_PASSWORD");
  });
}
