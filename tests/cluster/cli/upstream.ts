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
import { eventually } from "../../support/eventually.ts";
import { listPods } from "../../support/objects/pods.ts";
import { KUBERNETES } from "../../support/objects/resources.ts";

const SNAPSHOT = {
  apiVersion: "snapshot.storage.k8s.io/v1",
  kind: "VolumeSnapshot",
  resource: { group: "snapshot.storage.k8s.io", version: "v1", plural: "volumesnapshots", namespaced: true },
} as const;
/** The kind alone: nobody makes snapshots here. */
const VOLUME_SNAPSHOTS = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: "volumesnapshots.snapshot.storage.k8s.io",
    annotations: { "api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/814" },
  },
  spec: {
    group: SNAPSHOT.resource.group,
    scope: "Namespaced",
    names: { kind: SNAPSHOT.kind, plural: SNAPSHOT.resource.plural, singular: "volumesnapshot" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};
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
    const to = "cli-test-cp";
    await stand.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: to } });
    expect(await output("cp", "backupconfig", "ss-backup", `--to-namespace=${to}`)).toBe(
      `backupconfiguration.stash.appscode.com/ss-backup copied to ${to}\n`,
    );
    const copied = await stand.client.get(KINDS.BackupConfiguration, to, "ss-backup", asIs);
    expect(copied).toMatchObject({ spec: { schedule: "*/4 * * * *", repository: { name: "store" } } });
    expect(await output("cp", "secret", "backend", `--to-namespace=${to}`)).toBe(`secret/backend copied to ${to}\n`);
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

  test("cp volumesnapshot copies one where the cluster has the kind", async () => {
    const { output, stand, namespace } = stage();
    const to = "cli-test-cp";
    await stand.client.create(KUBERNETES.CustomResourceDefinition, undefined, VOLUME_SNAPSHOTS, asIs);
    try {
      const spec = { source: { persistentVolumeClaimName: "data" } };
      const { apiVersion, kind, resource } = SNAPSHOT;
      const body = { apiVersion, kind, metadata: { name: "monday", namespace }, spec };
      const make = () => stand.client.create(resource, namespace, body, asIs).catch(() => undefined);
      await eventually(make, (made) => made !== undefined);
      expect(await output("cp", "volumesnapshot", "monday", `--to-namespace=${to}`)).toBe(
        `volumesnapshot.snapshot.storage.k8s.io/monday copied to ${to}\n`,
      );
      expect(await stand.client.get(resource, to, "monday", asIs)).toMatchObject({ spec });
    } finally {
      await stand.client.delete(KUBERNETES.CustomResourceDefinition, undefined, VOLUME_SNAPSHOTS.metadata.name);
    }
  });

  test("completion and version are those of the program that people install", async () => {
    const { output } = stage();
    for (const shell of ["bash", "zsh", "fish"]) expect(await output("completion", shell)).toContain("__complete");
    expect(await output("version")).toMatch(/\d+\.\d+\.\d+/);
    const { exitCode, stderr } = await stage().stash(["completion", "powershell"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringMatching(/bash, zsh, fish/) });
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
    await eventually(read, (pods) => pods.some(({ phase }) => phase === "Succeeded"));
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
      const names = await eventually(gone, (items) =>
        items.every((one) => textAt(one, "metadata", "name") !== "store"),
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
