/** The demo's story on the shared control plane: a real WordPress and a real MariaDB, backed up, destroyed, brought back. */
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openApplication } from "../../scripts/demo/application.ts";
import { type DemoBackend, startBackend } from "../../scripts/demo/backend.ts";
import { tellStory } from "../../scripts/demo/story.ts";
import { formatSummary, type Summary } from "../../scripts/demo/summary.ts";
import { createPlainTeller } from "../../scripts/demo/terminal/plain-teller.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createPodExec } from "../../shared/kube/exec/pod.ts";
import { applyFile } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

/** The reconciler brings it where install.yaml was applied; here the programs run beside the cluster. */
const CATALOGUE = ["mariadb.yaml", "pvc.yaml"].map((file) =>
  resolve(import.meta.dirname, "../../manifests/catalog", file),
);
/** Each of its steps has a limit of its own, so that the step that hangs is told. */
const STORY_TIMEOUT_MS = 400_000;

// The schedule counts from the batch's creation, so it counts while the product starts.
beforeAll(async () => {
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  const client = createKubeClient({ connection, program: "tests" });
  for (const file of CATALOGUE) await applyFile(client, file);
  await openApplication(client, createPodExec({ connection })).applyPlan([]);
  client.close();
});

const cluster = useProduct();

describe("a WordPress and its database", () => {
  const story: string[] = [];
  let backend: DemoBackend | undefined;
  let summary: Summary;

  beforeAll(async () => {
    const { client, dir, gateway } = cluster();
    backend = await startBackend("local", { dir, address: gateway });
    const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
    const application = openApplication(client, createPodExec({ connection }));
    const teller = createPlainTeller((text) => story.push(text));
    try {
      summary = await tellStory({ application, teller, backendName: "local", backend });
    } catch (error) {
      throw new Error(story.join(""), { cause: error });
    }
  }, STORY_TIMEOUT_MS);

  afterAll(async () => {
    await backend?.stop();
    await cluster().client.delete(KUBERNETES.Namespace, undefined, "demo");
  });

  test("are saved by a session on request and by one of the schedule, database first, each with its snapshot", () => {
    expect(summary.sessions.map(({ trigger, phase }) => [trigger, phase])).toEqual([
      ["instant", "Succeeded"],
      ["schedule", "Succeeded"],
    ]);
    for (const { members } of summary.sessions) {
      expect(members.map(({ name }) => name)).toEqual(["db", "app"]);
      for (const { snapshot, sizeBytes } of members) {
        expect(snapshot).toMatch(/^[0-9a-f]{8,}$/);
        expect(sizeBytes).toBeGreaterThan(10_000);
      }
    }
    const snapshots = summary.sessions.flatMap(({ members }) => members.map(({ snapshot }) => snapshot));
    expect(new Set(snapshots).size).toBe(4);
  });

  test("take no writes into the database while it is dumped, and take them again after", () => {
    for (const { hooks } of summary.sessions) {
      expect(hooks).toEqual([
        { type: "preBackup", phase: "Succeeded", output: "@@read_only\n1\n" },
        { type: "postBackup", phase: "Succeeded", output: "@@read_only\n0\n" },
      ]);
    }
  });

  test("are broken when the database is dropped and the uploads are deleted", () => {
    expect(summary.broken).toEqual({ page: 500, picture: 404 });
  });

  test("come back from the recovery point: every page, picture, table and file as it was", () => {
    expect(summary.restore).toMatchObject({ phase: "Succeeded", session: "wordpress-backup-instant" });
    expect(summary.compared.differences).toEqual([]);
    // Front page, two posts, feed, picture and three sizes; all tables of a WordPress; its program and its uploads.
    expect(summary.compared).toMatchObject({ pages: 8, tables: 12 });
    expect(summary.compared.files).toBeGreaterThan(2_000);
    expect(summary.ok).toBe(true);
  });

  test("end with a proof: beside the application, a WordPress answers from what came back", () => {
    expect(summary.proven).toMatchObject({ ok: true, pages: 8, tables: 12 });
    expect(summary.proven.files).toBeGreaterThan(2_000);
    expect(formatSummary(summary).at(-1)).toMatch(/^proven: 8 pages answered, 12 tables, 2,\d{3} files, \d+ s$/);
  });

  test("are told of in order, with a timeline of the members", () => {
    const text = story.join("");
    const chapters = [...text.matchAll(/== (\w+)/g)].map(([, word]) => word);
    expect(chapters).toEqual(["A", "The", "Two", "A", "A", "Disaster", "RestoreBatch", "Everything", "A"]);
    expect(text).toMatch(/db {6}█+·+ {2}0\.0 s to \d+\.\d s/);
    expect(text).toMatch(/app {5}·+█+ {2}\d+\.\d s to \d+\.\d s/);
  });
});
