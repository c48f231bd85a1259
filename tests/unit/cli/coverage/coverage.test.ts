import { expect, test } from "vitest";
import { type CoverageView, decideCoverage } from "../../../../cli/coverage/decide.ts";
import { parseAppBinding } from "../../../../shared/api/app-binding.ts";
import { readWorkload, type WorkloadFacts } from "../../../../shared/injection/workload.ts";
import { backupInvokerView } from "../../../../shared/invoker/object.ts";
import { aBatch } from "../../../support/cli/objects.ts";

interface Facts {
  readonly kind?: string;
  readonly name?: string;
  readonly metadata?: object;
  readonly volumes?: readonly object[];
  readonly templates?: readonly string[];
}

const claim = (name: string, claimName = name) => ({ name, persistentVolumeClaim: { claimName } });

function aWorkload({
  kind = "Deployment",
  name = "web",
  metadata = {},
  volumes = [claim("files")],
  templates = [],
}: Facts = {}): WorkloadFacts {
  const found = readWorkload({
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: "demo", ...metadata },
    spec: {
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "c", volumeMounts: [{ name: "files", mountPath: "/var/www" }] }], volumes },
      },
      volumeClaimTemplates: templates.map((one) => ({ metadata: { name: one } })),
    },
  });
  if (found === undefined) throw new Error("no workload");
  return found;
}

const member = (kind: string, name: string, more: object = {}) => ({
  target: { ref: { apiVersion: "apps/v1", kind, name }, ...more },
});
const mounts = (...names: readonly string[]) => ({
  volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })),
});

function batchOf(...members: readonly object[]) {
  return backupInvokerView(aBatch({ spec: { members } }));
}

const NOTHING: CoverageView = {
  workloads: [],
  claims: [],
  invokers: [],
  appBindings: [],
  services: [],
  optedOutNamespaces: new Set(),
};

function cover(view: Partial<CoverageView>) {
  return decideCoverage({ ...NOTHING, ...view });
}

const claimObject = (name: string) => ({ metadata: { name, namespace: "demo" } });

test("a workload that a batch names with all its claims is covered", () => {
  const rows = cover({ workloads: [aWorkload()], invokers: [batchOf(member("Deployment", "web", mounts("files")))] });
  expect(rows).toMatchObject([{ state: "Covered", name: "web", by: ["BackupBatch demo/shop"] }]);
});

test("one that nothing names is told with the line to add", () => {
  expect(cover({ workloads: [aWorkload()] })).toMatchObject([
    { state: "Uncovered", why: "no batch names it", add: expect.stringContaining("make a BackupBatch in demo") },
  ]);
  expect(cover({ workloads: [aWorkload()], invokers: [batchOf()] })[0]?.add).toBe(
    "kubectl -n demo annotate deployment/web stash.appscode.com/volume-mounts=files:/var/www && " +
      "kubectl -n demo label deployment/web stash.appscode.com/backup-batch=shop",
  );
});

test("a claim that is in no volumeMounts leaves a workload covered in part", () => {
  const rows = cover({
    workloads: [aWorkload({ volumes: [claim("files"), claim("more")] })],
    invokers: [batchOf(member("Deployment", "web", mounts("files")))],
  });
  expect(rows).toMatchObject([{ state: "Part", why: "volume more is in no volumeMounts" }]);
});

test("the label of a batch covers, with the volumes that the annotation names; that of none does not", () => {
  const labels = (batch: string) => ({
    labels: { "stash.appscode.com/backup-batch": batch },
    annotations: { "stash.appscode.com/volume-mounts": "files:/var/www" },
  });
  const invokers = [batchOf()];
  expect(cover({ workloads: [aWorkload({ metadata: labels("shop") })], invokers })).toMatchObject([
    { state: "Covered" },
  ]);
  expect(cover({ workloads: [aWorkload({ metadata: labels("shpo") })], invokers })).toMatchObject([
    { state: "Uncovered", why: "its label names BackupBatch shpo, which does not exist" },
  ]);
});

test("a database whose AppBinding is backed up is covered by its dump", () => {
  const appBinding = (clientConfig: object) =>
    parseAppBinding({
      apiVersion: "appcatalog.appscode.com/v1alpha1",
      kind: "AppBinding",
      metadata: { name: "sql", namespace: "demo" },
      spec: { clientConfig },
    });
  const services = [{ metadata: { name: "db", namespace: "demo" }, spec: { selector: { app: "db" } } }];
  const workloads = [aWorkload({ kind: "StatefulSet", name: "db", volumes: [], templates: ["files"] })];
  const invokers = [batchOf(member("AppBinding", "sql"))];
  for (const config of [
    { service: { scheme: "tcp", name: "db", port: 3306 } },
    { url: "tcp://db:3306" },
    { url: "mysql://user@db.demo.svc:3306/shop" },
    { url: "user:x@tcp(db:3306)/" },
  ]) {
    const rows = cover({ workloads, invokers, services, appBindings: [appBinding(config)] });
    expect(rows, JSON.stringify(config)).toMatchObject([{ state: "Covered", name: "db" }]);
  }
  const elsewhere = cover({ workloads, invokers, services, appBindings: [appBinding({ url: "tcp://other:3306" })] });
  expect(elsewhere).toMatchObject([{ state: "Uncovered" }]);
});

test("workloads without a claim are not told of, and opted-out ones as such", () => {
  expect(cover({ workloads: [aWorkload({ volumes: [{ name: "files", emptyDir: {} }] })] })).toEqual([]);
  const annotations = { "stash.appscode.com/inject": "disabled" };
  expect(cover({ workloads: [aWorkload({ metadata: { annotations } })] })).toMatchObject([{ state: "OptedOut" }]);
  const labels = { "stash.appscode.com/inject": "disabled" };
  expect(cover({ workloads: [aWorkload({ metadata: { labels } })] })).toMatchObject([{ state: "OptedOut" }]);
  expect(cover({ workloads: [aWorkload()], optedOutNamespaces: new Set(["demo"]) })).toMatchObject([
    { state: "OptedOut" },
  ]);
});

test("claims are told with the workload that mounts them, or by themselves when none does", () => {
  const claims = ["files", "files-db-0", "files-db-x", "orphan", "kept"].map(claimObject);
  const workloads = [aWorkload(), aWorkload({ kind: "StatefulSet", name: "db", volumes: [], templates: ["files"] })];
  const kept = {
    target: { ref: { apiVersion: "v1", kind: "PersistentVolumeClaim", name: "kept" } },
    task: { name: "pvc-backup" },
  };
  const rows = cover({ claims, workloads, invokers: [batchOf(kept)] });
  expect(rows.filter(({ kind }) => kind === "PersistentVolumeClaim").map(({ name, state }) => [name, state])).toEqual([
    ["files-db-x", "Uncovered"],
    ["orphan", "Uncovered"],
    ["kept", "Covered"],
  ]);
});

test("what is not covered comes first", () => {
  const rows = cover({
    workloads: [aWorkload({ name: "a" }), aWorkload({ name: "b" })],
    invokers: [batchOf(member("Deployment", "a", mounts("files")))],
  });
  expect(rows.map(({ name }) => name)).toEqual(["b", "a"]);
});
