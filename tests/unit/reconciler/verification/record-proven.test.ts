/** What was proven is written down where people look; a server that takes it nowhere holds no drill up. */
import { expect, test } from "vitest";
import { provenOf, recordProven } from "../../../../reconciler/verification/proven.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { aDrill } from "./builders.ts";

const REPOSITORY = {
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: "store", namespace: "demo", resourceVersion: "7" },
  spec: { backend: { storageSecretName: "s", rest: { url: "http://store/" } } },
  status: { points: [{ session: "s-1", time: "2026-05-01T10:00:00Z", complete: true }] },
};
const STATUS = {
  invoker: { kind: "BackupBatch", name: "app" },
  point: { session: "s-1", time: "2026-05-01T10:00:00Z" },
  members: [],
} as const;

async function record(status: number): Promise<boolean> {
  const client: Pick<KubeClient, "find" | "patchStatus"> = {
    find: async (resource, _namespace, _name, read) =>
      read(resource.plural === "repositories" ? REPOSITORY : { status: {} }),
    patchStatus: async () => {
      throw new KubeError({ action: "patch", status, reason: "Invalid", detail: "no" });
    },
  };
  const drill = aDrill();
  const facts = { proven: provenOf(drill, STATUS), repository: parseRepository(REPOSITORY) };
  return recordProven(client, drill, STATUS, facts, new AbortController().signal);
}

test("a status that no API server takes is left, and the drill ends", async () => {
  expect(await record(422)).toBe(true);
});

test("what is refused for now is tried again", async () => {
  await expect(record(403)).rejects.toThrow(/no/);
});
