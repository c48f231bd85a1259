import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { readDocuments, readFiles } from "../../../../cli/lint/read-documents.ts";
import { lintFiles } from "../../../../cli/lint/run.ts";
import { textAt } from "../../../../shared/json/value.ts";

const root = resolve(import.meta.dirname, "../../../..");

const REPOSITORY = `
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: {name: store}
spec: {backend: {storageSecretName: backend, s3: {endpoint: s3.test, bucket: b}}}
`;
const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web:1}]
      volumes: [{name: files, emptyDir: {}}]
`;
const BATCH = `
apiVersion: stash.appscode.com/v1beta1
kind: BackupBatch
metadata: {name: shop}
spec:
  schedule: "0 3 * * *"
  repository: {name: store}
  retentionPolicy: {name: keep, keepLast: 3, prune: true}
  members:
    - target:
        alias: web
        ref: {apiVersion: apps/v1, kind: Deployment, name: web}
        paths: [/data]
        volumeMounts: [{name: files, mountPath: /data}]
`;

function lint(...documents: readonly string[]): readonly string[] {
  const read = readDocuments("x.yaml", documents.join("\n---\n"));
  return lintFiles(read, "demo").map(
    ({ severity, object, message, next }) => `${severity}: ${object}: ${message} | ${next}`,
  );
}

test("files that go together have nothing wrong", () => {
  expect(lint(REPOSITORY, DEPLOYMENT, BATCH)).toEqual([]);
});

test("the project's own examples have nothing wrong", async () => {
  const read = await readFiles([join(root, "manifests/examples")], process.stdin);
  expect(read.objects.length).toBeGreaterThan(5);
  expect(lintFiles(read, "demo")).toEqual([]);
});

describe("a fault is told with what was meant", () => {
  test.each([
    ["alias: web", "alais: web", "spec.members[0].target.alais: there is no such field | did you mean alias?"],
    ["executionOrder", "", ""],
    ["schedule:", "shedule:", "spec.shedule: there is no such field | did you mean schedule?"],
    ["kind: BackupBatch", "kind: BackupBach", "there is no kind BackupBach | did you mean BackupBatch?"],
    [
      "v1beta1",
      "v1alpha1",
      "apiVersion stash.appscode.com/v1alpha1 has no BackupBatch | write stash.appscode.com/v1beta1",
    ],
    ["0 3 * * *", "0 33 * * *", "schedule"],
    ["name: files, mount", "name: fils, mount", "Deployment demo/web has no volume fils | did you mean files?"],
    ["spec:", "spec:\n  timeZone: Europe/Berln", "Berln"],
    ["prune: true}", "prune: maybe}", "prune"],
  ])("%s as %s", (from, to, words) => {
    const found = lint(REPOSITORY, DEPLOYMENT, BATCH.replace(from, to));
    if (words === "") expect(found).toEqual([]);
    else expect(found.filter((one) => one.startsWith("fault: ")).join("\n")).toContain(words);
  });
});

test("every unknown field of every list item is told, wherever it is", () => {
  const twice = BATCH.replace(
    "volumeMounts: [{name: files, mountPath: /data}]",
    "volumeMounts: [{name: files, mountPath: /data, readonly: true}]",
  );
  expect(lint(twice).join()).toContain(
    "spec.members[0].target.volumeMounts[0].readonly: there is no such field | did you mean readOnly?",
  );
  expect(lint(`${BATCH}\nstauts: {}`).join()).toContain("stauts: there is no such field | did you mean status?");
});

test("what the files name and do not have is a warning where they hold others of its kind", () => {
  expect(lint(REPOSITORY.replace("name: store", "name: stor"), BATCH)).toEqual([
    "warning: BackupBatch demo/shop: spec.repository.name: the files have no Repository demo/store | did you mean stor?",
  ]);
  expect(lint(BATCH)).toEqual([]);
  const labelled = DEPLOYMENT.replace("{name: web}", "{name: web, labels: {stash.appscode.com/backup-batch: shpo}}");
  expect(lint(labelled, BATCH)).toEqual([
    expect.stringContaining("the files have no BackupBatch demo/shpo | did you mean shop?"),
  ]);
  const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: backnd}";
  expect(lint(REPOSITORY, secret)).toEqual([
    expect.stringContaining("the files have no Secret demo/backend | did you mean backnd?"),
  ]);
  const elsewhere = REPOSITORY.replace("{name: store}", "{name: other, namespace: far}");
  expect(lint(elsewhere, BATCH)).toEqual([]);
});

test("one object twice is a fault", () => {
  expect(lint(BATCH, BATCH)).toEqual([
    "fault: BackupBatch demo/shop: it is there twice: also in x.yaml:2 | keep one of them",
  ]);
});

test("YAML that can't be read is told with its line, and hides no other document", () => {
  const read = readDocuments("x.yaml", `${REPOSITORY}\n---\na: [\n---\n${BATCH.replace("alias", "alais")}`);
  const found = lintFiles(read, "demo");
  expect(found).toMatchObject([
    { severity: "fault", object: "document", file: "x.yaml" },
    { object: "BackupBatch demo/shop", message: expect.stringContaining("alais") },
  ]);
});

test("what is no object, and nothing at all, are faults", () => {
  expect(lint("just text")).toEqual([expect.stringContaining("no Kubernetes object")]);
  expect(lint("# nothing")).toEqual([expect.stringContaining("there is no object")]);
});

test("Lists, JSON, folders with folders, and the input are read", async () => {
  const dir = mkdtempSync(join(tmpdir(), "stash-batch-lint-"));
  try {
    mkdirSync(join(dir, "below"));
    writeFileSync(join(dir, "below", "a.yml"), REPOSITORY);
    writeFileSync(
      join(dir, "list.json"),
      JSON.stringify({ apiVersion: "v1", kind: "List", items: [{ kind: "A" }, { kind: "B" }] }),
    );
    writeFileSync(join(dir, "readme.txt"), "no: manifest");
    const read = await readFiles([dir, "-"], Readable.from([BATCH]));
    expect(read.objects.map(({ object }) => textAt(object, "kind"))).toEqual(["Repository", "A", "B", "BackupBatch"]);
    await expect(readFiles([join(dir, "nowhere")], process.stdin)).rejects.toThrow(/ENOENT/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
