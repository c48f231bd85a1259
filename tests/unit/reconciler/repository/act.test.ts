/** How what pods told of recovery points comes from their host runs into a Repository: read when it is news, kept in no informer. */
import { expect, test } from "vitest";
import { newsOf, takePoints } from "../../../../reconciler/repository/act.ts";
import { seenHostRun, seenRepository } from "../../../../reconciler/world/without-points.ts";
import { parseHostRun } from "../../../../shared/api/host-run.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { textAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { FakeApi } from "../fake-api.ts";

const NOW = new Date("2026-01-20T00:00:00Z");
const { signal } = new AbortController();
const day = (number: number) => new Date(Date.UTC(2026, 0, number)).toISOString();
const aPoint = (number: number) => ({ session: `s-${number}`, time: day(number), complete: true });

function aReport(number: number, listedPoints: readonly object[] = [aPoint(number)]) {
  return {
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { namespace: "demo", name: `r-${number}`, uid: `uid-${number}` },
    spec: {
      work: "Backup",
      run: { kind: "BackupSession", name: `s-${number}`, uid: `of-${number}` },
      host: "db",
      pod: { name: "p", uid: "u" },
      assignedAt: day(number),
      repository: { name: "store", namespace: "vault" },
      backup: { invoker: { kind: "BackupBatch", name: "shop" }, cluster: "here", time: day(number) },
    },
    status: { phase: "Succeeded", listedPoints },
  };
}

const REPOSITORY = {
  apiVersion: KINDS.Repository.apiVersion,
  kind: "Repository",
  metadata: { name: "store", namespace: "vault", uid: "of-store", generation: 1 },
  spec: {},
  status: {
    integrity: true,
    points: [{ ...aPoint(9), namespace: "other", invoker: { kind: "BackupBatch", name: "o" } }],
  },
};

function aWorld(...reports: readonly ReturnType<typeof aReport>[]) {
  const api = new FakeApi();
  api.put("repositories", REPOSITORY);
  for (const report of reports) api.put("hostruns", report);
  const seen = reports.map((report) => seenHostRun(parseHostRun(report)));
  const repository = seenRepository(parseRepository(REPOSITORY));
  const versions: (string | undefined)[] = [];
  const client: Pick<KubeClient, "find" | "patchStatus"> = {
    find: api.client.find,
    patchStatus: (resource, namespace, name, patch, parse) => {
      versions.push(textAt(patch.kind === "merge" ? patch.body : {}, "metadata", "resourceVersion"));
      return api.client.patch(resource, namespace, name, patch, parse);
    },
  };
  return { api, client, versions, order: { repository, seen, cluster: "here", now: NOW } };
}

test("informers keep neither list, but know that there is one and when it is another", () => {
  const kept = seenHostRun(parseHostRun(aReport(3)));
  expect(JSON.stringify(kept)).not.toContain('"complete"');
  expect(kept.status).toEqual({ phase: "Succeeded" });
  expect(kept.toldPoints).toEqual(expect.any(String));
  expect(seenHostRun(parseHostRun(aReport(3, [aPoint(2)]))).toldPoints).not.toBe(kept.toldPoints);
  const bare = parseHostRun({ ...aReport(3), status: {} });
  expect(seenHostRun(bare)).toBe(bare);
  expect(seenRepository(parseRepository(REPOSITORY)).status).toEqual({ integrity: true });
});

test("the list is read anew and written on the version that was read; nobody else's points go", async () => {
  const { api, client, versions, order } = aWorld(aReport(3), aReport(2));
  expect(await takePoints(client, order, signal)).toMatchObject({ kind: "written" });
  const stored = parseRepository(api.get("repositories", "vault", "store"));
  expect(stored.status?.points?.map(({ session }) => session)).toEqual(["s-9", "s-3"]);
  expect(stored.status).toMatchObject({ integrity: true, recoveryPoints: 2 });
  expect(versions).toEqual(["1"]);
  expect(await takePoints(client, order, signal)).toEqual({ kind: "unchanged" });
});

test("another write in between is a conflict, and no report that is gone is a fault", async () => {
  const { client, order } = aWorld(aReport(3));
  const behind = new KubeError({ action: "write", status: 409, reason: "Conflict", detail: "changed" });
  expect(await takePoints({ ...client, patchStatus: () => Promise.reject(behind) }, order, signal)).toMatchObject({
    kind: "conflict",
  });
  const gone = aWorld(aReport(3));
  await gone.api.client.delete(KINDS.HostRun, "demo", "r-3");
  expect(await takePoints(gone.client, gone.order, signal)).toEqual({ kind: "unchanged" });
});

test("there is news when the newest report is another, and not when an older one goes", () => {
  const { order } = aWorld(aReport(3), aReport(2));
  const news = newsOf(order);
  expect(newsOf({ ...order, seen: order.seen.slice(0, 1) })).toBe(news);
  expect(newsOf({ ...order, seen: aWorld(aReport(4), aReport(3)).order.seen })).not.toBe(news);
  expect(newsOf({ ...order, seen: aWorld(aReport(3, [])).order.seen })).not.toBe(news);
});
