/** Commands of upstream's plugin, each as its documentation shows it. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { KINDS } from "../../../shared/api/kinds.ts";
import { textAt } from "../../../shared/json/value.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import type { CliStage } from "../../support/cli/stage.ts";
import { listPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";
import { waitForValue } from "../../support/restore/restore-stand.ts";

const CATALOGUE = resolve(import.meta.dirname, "../../../manifests/catalog/pvc.yaml");

/** @param session one that saved everything */
export function testUpstreamCommands(stage: () => CliStage, session: () => string): void {
  test("create makes what its flags say, or prints it", async () => {
    const { output, data, stash, stand, namespace } = stage();
    expect(
      await output(
        "create",
        "repository",
        "gcs-repo",
        "--provider=gcs",
        "--bucket=b",
        "--prefix=/p",
        "--secret=backend",
      ),
    ).toBe("repository.stash.appscode.com/gcs-repo created\n");
    const made = await stand.client.get(KINDS.Repository, namespace, "gcs-repo", asIs);
    expect(made).toMatchObject({
      spec: { backend: { gcs: { bucket: "b", prefix: "/p" }, storageSecretName: "backend" } },
    });
    const configuration = await data(
      ...["create", "backupconfig", "ss-backup", "--target-apiversion=apps/v1", "--target-kind=StatefulSet"],
      ...["--target-name=none", "--repo-name=store", "--schedule=*/4 * * * *", "--paths=/source/data"],
      ...["--volume-mounts=source-data:/source/data", "--keep-last=5", "--prune=true"],
    );
    expect(configuration).toMatchObject({
      metadata: { name: "ss-backup" },
      spec: { retentionPolicy: { name: "keep-last-5", keepLast: 5, prune: true } },
    });
    await stand.client.delete(KINDS.BackupConfiguration, namespace, "ss-backup");
    await stand.client.delete(KINDS.Repository, namespace, "gcs-repo");
    const printed = await output(
      ...["create", "restoresession", "ss-restore", "--repo-name=store", "--target-kind=StatefulSet", "--manifest"],
      ...["--target-name=none", "--paths=/source/data", "--volume-mounts=source-data:/source/data"],
    );
    expect(parse(printed)).toMatchObject({
      kind: "RestoreSession",
      spec: { target: { rules: [{ paths: ["/source/data"] }] } },
    });
    expect(await stash(["create", "repository", "r", "--provider=s3", "--secret=x"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--bucket"),
    });
  });

  test("gen rules tells the snapshots that belong together", async () => {
    const at = new Date().toISOString();
    const rules = parse(await stage().output("gen", "rules", "store", `--timestamp=${at}`, "--group-interval=5s"));
    expect(rules).toMatchObject({ before: { time: expect.any(String), rules: expect.any(Array) } });
    expect(rules.before.rules[0].snapshots[0]).toMatch(/^[0-9a-f]{8}$/);
    expect(rules.after).toBeUndefined();
  });

  test("debug backup prints invoker, Repository, what failed and its logs; no Secret", async () => {
    const text = await stage().output("debug", "backup", "--backupbatch=nightly");
    expect(text).toContain("=== BackupBatch nightly");
    expect(text).toContain(`=== Repository ${stage().namespace}/store`);
    expect(await stage().output("debug", "restore", "--restorebatch=back")).toContain("=== Logs of restore/back");
    expect(session()).not.toBe("");
  });

  test("clone pvc brings a claim with its data into another namespace, and leaves nothing else", async () => {
    const { output, stand, namespace } = stage();
    const to = "cli-test-clone";
    await stand.apply(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: to } },
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "original", namespace },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } },
      },
      writerPod(namespace),
      ...parseAllDocuments(await readFile(CATALOGUE, "utf8")).map((one) => one.toJSON()),
    );
    const read = () => listPods(stand.client, namespace, "app=writer");
    await waitForValue(read, (pods) => pods.some(({ phase }) => phase === "Succeeded"), "the writer's end");
    expect(await output("clone", "pvc", "original", `--to-namespace=${to}`, "--repository=store")).toBe(
      `persistentvolumeclaim/original cloned to ${to}\n`,
    );
    const claim = await stand.client.get(KUBERNETES.PersistentVolumeClaim, to, "original", asIs);
    const volume = await stand.client.get(
      KUBERNETES.PersistentVolume,
      undefined,
      textAt(claim, "spec", "volumeName") ?? "",
      asIs,
    );
    expect(readFileSync(`${textAt(volume, "spec", "hostPath", "path")}/file`, "utf8")).toBe("cloned\n");
    for (const kind of [KINDS.Repository, KINDS.RestoreSession, KUBERNETES.Secret]) {
      const gone = async () => (await stand.client.list(kind, to, asIs)).items;
      const names = await waitForValue(
        gone,
        (items) => items.every((one) => textAt(one, "metadata", "name") !== "store"),
        "what is left",
      );
      expect(names.filter((one) => /store|backend|clone/.test(textAt(one, "metadata", "name") ?? ""))).toEqual([]);
    }
  });
}

/** Writes a file into the claim, and ends. */
function writerPod(namespace: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "writer", namespace, labels: { app: "writer" } },
    spec: {
      restartPolicy: "Never",
      containers: [
        {
          name: "app",
          image: "app:1",
          command: ["sh", "-c", "echo cloned > /data/file"],
          volumeMounts: [{ name: "files", mountPath: "/data" }],
        },
      ],
      volumes: [{ name: "files", persistentVolumeClaim: { claimName: "original" } }],
    },
  };
}
