/** kubectl, a real API server with the aggregation layer, and the webhook's Snapshot API behind it; and whoever goes around the API server. */
import { type RequestOptions, request } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspectSnapshotApi } from "../../cli/doctor/upstream.ts";
import { decideRules } from "../../cli/gen/decide-rules.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Install } from "../../shared/contract.ts";
import { valueAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { CONFIG_MAPS } from "../../shared/kube/resources.ts";
import { deletionSelector, readDeletionOrder } from "../../shared/snapshots/deletion-order.ts";
import { FRONT_PROXY, issueAuthority, issueClient } from "../support/control-plane/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { CHART, openHelm } from "../support/helm/helm.ts";
import { exchange, HOSTILE_REQUESTS } from "../support/http/hostile-requests.ts";
import { applyManifests } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import {
  type AggregatedPlane,
  kubectl as runKubectl,
  startAggregatedPlane,
  untilAvailable,
} from "../support/webhook/aggregated-plane.ts";

const OWNER = "owner@example.com";
const READER = "reader@example.com";
const STRANGER = "stranger@example.com";
const API = "/apis/repositories.stash.appscode.com/v1alpha1";

let world: AggregatedPlane;
const kubeconfigs = new Map<string, string>();

const idOf = (number: number) => `${number.toString(16).padStart(8, "0")}${"ab".repeat(28)}`;
const timeOf = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const listed = (number: number, hostname = "host-0") => ({
  id: idOf(number),
  time: timeOf(number),
  hostname,
  username: "root",
  tree: "c".repeat(64),
  paths: ["/data"],
  tags: ["session=demo/s"],
});

async function addRepository(namespace: string, name: string, numbers: readonly number[], hostname?: string) {
  const { apiVersion, kind } = KINDS.Repository;
  const spec = { backend: { rest: { url: "http://store:8000/" } } };
  const metadata = { name, namespace, labels: { tier: "gold" } };
  await applyManifests(world.admin, [{ apiVersion, kind, metadata, spec }]);
  const snapshots = numbers.toReversed().map((number) => listed(number, hostname));
  const status = { snapshots, snapshotsListedAt: new Date().toISOString() };
  await world.admin.patchStatus(KINDS.Repository, namespace, name, { kind: "merge", body: { status } }, asIs);
}

const kubectl = (user: string, ...args: readonly string[]) =>
  runKubectl(world.plane, kubeconfigs.get(user) ?? "", ...args);

async function letInto(namespace: string, user: string, role: string): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  const roleRef = { apiGroup: rbac, kind: "ClusterRole", name: role };
  const subjects = [{ apiGroup: rbac, kind: "User", name: user }];
  const metadata = { name: user.replace("@", "-"), namespace };
  await applyManifests(world.admin, [{ apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata, roleRef, subjects }]);
}

beforeAll(async () => {
  world = await startAggregatedPlane();
  kubeconfigs.set("admin", world.plane.kubeconfigPath);
  for (const user of [OWNER, READER, STRANGER]) {
    kubeconfigs.set(user, await world.plane.kubeconfigFor(user, ["system:authenticated"]));
  }
  for (const name of ["demo", "other"]) {
    await applyManifests(world.admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
  }
  await letInto("demo", OWNER, "stash-batch-snapshots-edit");
  await letInto("demo", READER, "stash-batch-snapshots-view");
  await addRepository("demo", "store", [1, 2, 3]);
  await addRepository("demo", "vault", [17], "db");
  await addRepository("other", "hidden", [33]);
  await untilAvailable(world, Install.SnapshotApiService);
});

afterAll(() => world?.stop());

describe("kubectl get snapshots", () => {
  test("prints upstream's columns, oldest first", async () => {
    const { code, stdout, stderr } = await kubectl(READER, "get", "snapshots", "-n", "demo");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const rows = stdout.trimEnd().split("\n");
    expect(rows.map((row) => row.trimEnd().split(/ {2,}/))).toEqual([
      ["NAME", "ID", "REPOSITORY", "HOSTNAME", "CREATED AT"],
      ["store-00000001", idOf(1), "store", "host-0", "2026-01-01T00:01:00Z"],
      ["store-00000002", idOf(2), "store", "host-0", "2026-01-01T00:02:00Z"],
      ["store-00000003", idOf(3), "store", "host-0", "2026-01-01T00:03:00Z"],
      ["vault-00000011", idOf(17), "vault", "db", "2026-01-01T00:17:00Z"],
    ]);
  });

  test("is a table of which upstream's plugin makes restore rules: rows by time, of five columns", async () => {
    const { stdout } = await kubectl(READER, "get", "snapshots", "-n", "demo", "-l", "repository=store");
    const [, ...rows] = stdout.trimEnd().split("\n");
    const snapshots = rows.map((row) => {
      const [, id = "", , hostname = "", time = "", ...more] = row.split(/\s+/).filter((cell) => cell !== "");
      expect(more).toEqual([]);
      return { id, hostname, time, paths: [], tags: [] };
    });
    expect(snapshots.map(({ time }) => time)).toEqual(snapshots.map(({ time }) => time).sort());
    const at = Date.parse("2026-01-01T00:02:30Z");
    const { before, after } = decideRules(snapshots, at, 30_000);
    expect([before?.rules, after?.rules]).toEqual([
      [{ snapshots: [idOf(2).slice(0, 8)] }],
      [{ snapshots: [idOf(3).slice(0, 8)] }],
    ]);
  });

  test.each([
    [["-l", "repository=vault"], ["vault-00000011"]],
    [
      ["-l", "repository=store,hostname=host-0", "--chunk-size=1"],
      ["store-00000001", "store-00000002", "store-00000003"],
    ],
    [["-l", "hostname in (db,x),tier"], ["vault-00000011"]],
    [["-l", "repository!=store,!absent"], ["vault-00000011"]],
    [["--field-selector=status.hostname=db"], ["vault-00000011"]],
    [["--field-selector=metadata.name=store-00000002"], ["store-00000002"]],
    [["-l", "repository=hidden"], []],
  ])("selects by %j", async (selection, names) => {
    const { stdout } = await kubectl(READER, "get", "snap", "-n", "demo", "-o", "name", ...selection);
    const found = stdout
      .split("\n")
      .flatMap((line) => /^snapshot\.repositories\.stash\.appscode\.com\/(.+)$/.exec(line)?.[1] ?? []);
    expect(found).toEqual(names);
  });

  test("a selector that nobody can read is a bad request, and no empty list", async () => {
    for (const selection of ["-l=a==b==c", "--field-selector=status.tree=x"]) {
      const { code, stderr } = await kubectl(READER, "get", "snapshots", "-n", "demo", selection);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/BadRequest|unable to parse|not supported/)]);
    }
  });

  test("gives one with upstream's fields, and when it was so", async () => {
    const { stdout } = await kubectl(READER, "get", "snapshot", "store-00000002", "-n", "demo", "-o", "json");
    expect(JSON.parse(stdout)).toEqual({
      apiVersion: "repositories.stash.appscode.com/v1alpha1",
      kind: "Snapshot",
      metadata: {
        name: "store-00000002",
        namespace: "demo",
        uid: idOf(2),
        creationTimestamp: "2026-01-01T00:02:00Z",
        labels: { repository: "store", hostname: "host-0", tier: "gold" },
        annotations: { "stash.appscode.com/listed-at": expect.stringMatching(/^20\d\d-/) },
      },
      status: {
        tree: "c".repeat(64),
        paths: ["/data"],
        hostname: "host-0",
        username: "root",
        uid: 0,
        gid: 0,
        tags: ["session=demo/s"],
        repository: "store",
      },
    });
  });

  test("is told by discovery and explained; a list of an old look says so", async () => {
    const { stdout } = await kubectl(
      READER,
      "api-resources",
      "--api-group=repositories.stash.appscode.com",
      "-o",
      "wide",
    );
    expect(stdout).toMatch(/snapshots +snap +repositories\.stash\.appscode\.com\/v1alpha1 +true +Snapshot +get,list +/);
    expect((await kubectl(READER, "explain", "snapshots.status.hostname")).stdout).toContain("Host that was saved");
    const status = { snapshotsListedAt: timeOf(30) };
    await world.admin.patchStatus(KINDS.Repository, "demo", "vault", { kind: "merge", body: { status } }, asIs);
    const { stderr } = await kubectl(READER, "get", "snapshots", "-n", "demo");
    expect(stderr).toMatch(/Warning: Repository demo\/vault: its snapshots as they were at 2026-01-01T00:30:00/);
  });
});

describe("rights", () => {
  test("whoever has none gets nothing, by name, by list, in all namespaces or by watch", async () => {
    for (const args of [
      ["get", "snapshots", "-n", "demo"],
      ["get", "snapshot", "store-00000001", "-n", "demo"],
      ["get", "snapshots", "-A"],
      ["delete", "snapshot", "store-00000001", "-n", "demo"],
    ]) {
      const { code, stdout, stderr } = await kubectl(STRANGER, ...args);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/Forbidden|forbidden/);
    }
  });

  test("a right in one namespace is none in another, nor one to read a right to delete", async () => {
    for (const [user, ...args] of [
      [READER, "get", "snapshots", "-n", "other"],
      [READER, "get", "snapshot", "hidden-00000021", "-n", "other"],
      [OWNER, "delete", "snapshot", "hidden-00000021", "-n", "other"],
      [READER, "delete", "snapshot", "store-00000001", "-n", "demo"],
      [OWNER, "get", "snapshots", "-A"],
    ] as const) {
      const { code, stderr } = await kubectl(user, ...args);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/forbidden/i)]);
    }
    const { stderr } = await kubectl(READER, "get", "snapshot", "hidden-00000021", "-n", "demo");
    expect(stderr).toContain("NotFound");
    const all = await kubectl("admin", "get", "snapshots", "-A", "-o", "name");
    expect(all.stdout).toContain("hidden-00000021");
  });
});

interface Reply {
  readonly status: number;
  readonly text: string;
}

function callDirectly(path: string, options: RequestOptions, method = "GET"): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const port = world.webhook.snapshotPort;
    const where = { host: "127.0.0.1", port, path, method, agent: false, rejectUnauthorized: false };
    const call = request({ ...where, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on("error", reject);
    call.end();
  });
}

describe("past the API server", () => {
  const forged = { "x-remote-user": "kubernetes-admin", "x-remote-group": "system:masters" };
  const list = `${API}/namespaces/demo/snapshots`;

  test("nobody is answered without the front proxy's certificate, whatever the headers say", async () => {
    const masters = { user: "kubernetes-admin", groups: ["system:masters"] };
    const own = await issueAuthority("of an attacker");
    const certificates = await Promise.all([
      undefined,
      issueClient(world.clusterAuthority, masters),
      issueClient(own, { user: FRONT_PROXY, groups: [] }),
      issueClient(world.frontAuthority, { user: "another-client", groups: [] }),
      issueClient(world.clusterAuthority, { user: FRONT_PROXY, groups: [] }),
    ]);
    for (const certificate of certificates) {
      const tls = certificate === undefined ? {} : { cert: certificate.certPem, key: certificate.keyPem };
      for (const [path, method] of [
        [list, "GET"],
        [API, "GET"],
        [`${list}/store-00000001`, "DELETE"],
      ] as const) {
        const { status, text } = await callDirectly(path, { ...tls, headers: forged }, method);
        expect([status, text]).toEqual([401, expect.stringContaining('"reason":"Unauthorized"')]);
        expect(text).not.toContain(idOf(1));
      }
    }
  });

  test("headers that a user sends through the API server are not believed", async () => {
    const { stdout, stderr, code } = await kubectl(STRANGER, "get", "--raw", list);
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringMatching(/forbidden/i)]);
    const user = await issueClient(world.clusterAuthority, { user: STRANGER, groups: [] });
    const port = Number(new URL(world.plane.serverUrl).port);
    const tls = { cert: user.certPem, key: user.keyPem };
    const { status } = await callDirectly(list, { ...tls, port, headers: forged });
    expect(status).toBe(403);
  });

  test("the front proxy's certificate without a user is nobody", async () => {
    const { certPem, keyPem } = await issueClient(world.frontAuthority, { user: FRONT_PROXY, groups: [] });
    const tls = { cert: certPem, key: keyPem };
    expect((await callDirectly(list, tls)).status).toBe(401);
    expect((await callDirectly(list, { ...tls, headers: { "x-remote-user": STRANGER } })).status).toBe(403);
    expect((await callDirectly(list, { ...tls, headers: forged })).status).toBe(200);
  });

  test("the listener survives every request line, and admission beside it", async () => {
    const listener = { port: world.webhook.snapshotPort ?? 0, isTls: true };
    for (let from = 0; from < HOSTILE_REQUESTS.length; from += 32) {
      await Promise.all(HOSTILE_REQUESTS.slice(from, from + 32).map((text) => exchange(listener, text, 200)));
    }
    expect((await kubectl(READER, "get", "snapshots", "-n", "demo")).code).toBe(0);
    expect((await callDirectly("/readyz", { port: world.webhook.port })).status).toBe(200);
  });
});

const orders = async () => {
  const options = { labelSelector: deletionSelector("demo") };
  const { items } = await world.admin.list(CONFIG_MAPS, Install.Namespace, readDeletionOrder, options);
  return items.map((order) => [order?.repository, order?.snapshot, order?.username]);
};

describe("kubectl delete snapshot", () => {
  test("leaves one order for the reconciler, in the caller's name; until it is done the snapshot is one that goes", async () => {
    const dry = await kubectl(OWNER, "delete", "snapshot", "store-00000001", "-n", "demo", "--dry-run=server");
    expect([dry.code, await orders()]).toEqual([0, []]);
    for (let times = 0; times < 2; times++) {
      const now = ["-n", "demo", "--wait=false"];
      const { code, stdout, stderr } = await kubectl(OWNER, "delete", "snapshot", "store-00000001", ...now);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain('snapshot.repositories.stash.appscode.com "store-00000001" deleted');
    }
    expect(await orders()).toEqual([["store", idOf(1), OWNER]]);
    const { stdout } = await kubectl(READER, "get", "snapshots", "-n", "demo", "-o", "wide");
    expect(stdout).toMatch(/store-00000001.*Deleting/);
    expect(stdout).toMatch(/store-00000002.*Listed/);
  });

  test("waits until it is gone from the list", async () => {
    const isThere = async () => (await orders()).some(([, id]) => id === idOf(2));
    const deleting = kubectl(OWNER, "delete", "snapshot", "store-00000002", "-n", "demo", "--timeout=60s");
    await eventually(isThere, true, 20_000);
    await addRepository("demo", "store", [1, 3]);
    const { code, stdout, stderr } = await deleting;
    expect([code, stderr, stdout]).toEqual([0, "", expect.stringContaining("deleted")]);
    expect((await kubectl(READER, "get", "snapshots", "-n", "demo", "-w")).stderr).toContain("MethodNotAllowed");
  });

  test("what is not there, what is misnamed and what was found damaged stays as it is", async () => {
    const status = { integrity: false };
    await world.admin.patchStatus(KINDS.Repository, "demo", "vault", { kind: "merge", body: { status } }, asIs);
    for (const [name, why] of [
      ["store-99999999", "NotFound"],
      ["store", "REPOSITORY-ID"],
      ["vault-00000011", "damaged"],
    ] as const) {
      const { code, stderr } = await kubectl(OWNER, "delete", "snapshot", name, "-n", "demo");
      expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
    }
    expect(await orders()).toHaveLength(2);
  });
});

test("where upstream serves snapshots helm refuses to, and the doctor says whose they are", async () => {
  const helm = await openHelm(world.plane.kubeconfigPath);
  const body = { spec: { service: { namespace: "stash", name: "stash-stash-community" } } };
  const service = await world.admin.get(KUBERNETES.APIService, undefined, Install.SnapshotApiService, asIs);
  const inspect = () => inspectSnapshotApi(world.admin, Install.Namespace);
  try {
    expect(await inspect()).toMatchObject({ status: "Ok" });
    const patch = { kind: "merge", body } as const;
    await world.admin.patch(KUBERNETES.APIService, undefined, Install.SnapshotApiService, patch, asIs);
    expect(await inspect()).toMatchObject({ status: "Warning", message: expect.stringContaining("stash/stash-stash") });
    const values = ["--set", "image.registry=stash-batch.invalid,snapshotApi.enabled=true"];
    const made = await helm.run("install", "x", CHART, "--namespace", "backups", "--dry-run=server", ...values);
    expect([made.exitCode, made.stderr]).toEqual([1, expect.stringMatching(/upstream Stash serves snapshots/)]);
  } finally {
    const back = { kind: "merge", body: { spec: valueAt(service, "spec") } } as const;
    await world.admin.patch(KUBERNETES.APIService, undefined, Install.SnapshotApiService, back, asIs);
    await helm.stop();
  }
  await untilAvailable(world, Install.SnapshotApiService);
});

test("a namespace that is deleted goes, and takes no snapshot with it", async () => {
  await applyManifests(world.admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: "going" } }]);
  await addRepository("going", "store", [50, 51]);
  await world.admin.delete(KUBERNETES.Namespace, undefined, "going");
  await eventually(() => world.admin.find(KUBERNETES.Namespace, undefined, "going", asIs), undefined, 60_000);
  const options = { labelSelector: deletionSelector("going") };
  expect((await world.admin.list(CONFIG_MAPS, Install.Namespace, asIs, options)).items).toEqual([]);
});
