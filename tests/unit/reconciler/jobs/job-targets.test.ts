import { expect, test } from "vitest";
import { jobTargets } from "../../../../reconciler/jobs/gather-of-targets.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { restoreInvokerView } from "../../../../shared/invoker/object.ts";

const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const FILES = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "files" };
const { members } = restoreInvokerView(
  parseRestoreBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo", uid: "uid", creationTimestamp: "2024-01-01T00:00:00Z" },
    spec: {
      repository: { name: "store" },
      members: [
        { target: { ref: WEB } },
        { target: { ref: FILES } },
        { task: { name: "own" }, target: { alias: "w", ref: WEB } },
      ],
    },
  }),
);

function told(entries: Parameters<typeof jobTargets>[0]) {
  return jobTargets(entries, members, "demo").map(
    ({ index, ref }) => `${index} ${ref.kind} ${ref.namespace}/${ref.name}`,
  );
}

test("members count as long as a run has no entries: its first pass makes entries and decides on them", () => {
  expect(told(undefined)).toEqual(["1 PersistentVolumeClaim demo/files", "2 Deployment demo/web"]);
});

test("entries count by their own position, and by alias where a workload is named twice", () => {
  expect(told([{ ref: WEB, alias: "w" }, { ref: WEB }, { ref: FILES }])).toEqual([
    "0 Deployment demo/web",
    "2 PersistentVolumeClaim demo/files",
  ]);
});

test("entries whose member is gone have no job", () => {
  expect(told([{ ref: { ...FILES, name: "other" } }])).toEqual([]);
});
