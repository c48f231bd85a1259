/** Databases of a drill: their throw-away servers, what is loaded into them and asked of them, and what is refused. */
import { expect, test } from "vitest";
import { decideDrill } from "../../../../reconciler/verification/decide.ts";
import { buildDrillBatch } from "../../../../reconciler/verification/objects.ts";
import { planVolumes } from "../../../../reconciler/verification/plan.ts";
import { chooseDrillPoint } from "../../../../reconciler/verification/point.ts";
import { provenOf } from "../../../../reconciler/verification/proven.ts";
import { firstMembers, provenWords, whyUnproven, withVerified } from "../../../../reconciler/verification/results.ts";
import { planScriptJob } from "../../../../reconciler/verification/script-job.ts";
import {
  buildServerBinding,
  buildServerJob,
  buildServerSecret,
} from "../../../../reconciler/verification/server-objects.ts";
import { databasesOf, planServers, requireDatabases } from "../../../../reconciler/verification/servers.ts";
import { verifyOrder } from "../../../../reconciler/verification/verify-order.ts";
import type { DrillView } from "../../../../reconciler/verification/view.ts";
import { parseAppBinding } from "../../../../shared/api/app-binding.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { readLimitRange } from "../../../../shared/injection/limit-range.ts";
import { backupInvokerView } from "../../../../shared/invoker/object.ts";
import { valueAt } from "../../../../shared/json/value.ts";
import { appAddress } from "../../../../shared/target/app-binding.ts";
import { aDrill, aSession, aVerifier, withDatabase } from "./builders.ts";

const name = { name: "drill-1", uid: "uid-drill-1" };
const session = withDatabase(aSession("s-1", "2026-05-01T10:00:00Z", ["/data"]));
const point = chooseDrillPoint({
  verifier: aVerifier().spec,
  drill: aDrill(),
  sessions: [session],
  now: new Date("2027-01-01T00:00:00Z"),
});
const databases = databasesOf(point, "demo");
const BINDING = "AppBinding/demo/shop-db";

function aBinding(spec: object = {}) {
  return parseAppBinding({
    apiVersion: "appcatalog.appscode.com/v1alpha1",
    kind: "AppBinding",
    metadata: { name: "shop-db", namespace: "demo" },
    spec: {
      type: "kubedb.com/mariadb",
      version: "10.11.4",
      clientConfig: { service: { scheme: "mysql", name: "shop-db", port: 3306, path: "shop" } },
      secret: { name: "shop-auth" },
      ...spec,
    },
  });
}

function serversOf(binding: object = {}, verifier: object = {}) {
  const bindings = new Map([[BINDING, aBinding(binding)]]);
  return planServers({ drill: name, databases, bindings, verifier: aVerifier(verifier).spec });
}

function invokerOf(executionOrder: string, dependsOn?: readonly string[]) {
  const members = [
    {
      target: {
        alias: "db",
        ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "shop-db" },
      },
    },
    { target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } }, dependsOn },
  ];
  return backupInvokerView(
    parseBackupBatch({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBatch",
      metadata: { name: "app", namespace: "demo" },
      spec: {
        repository: { name: "store" },
        retentionPolicy: { name: "keep", keepLast: 1, prune: false },
        executionOrder,
        members: JSON.parse(JSON.stringify(members)),
      },
    }),
  );
}

function aBegunDrill(servers = serversOf()) {
  const status = {
    phase: "Running",
    step: "Restoring",
    point: { namespace: "demo", session: "s-1", time: point.time },
    members: firstMembers(point),
    volumes: planVolumes(name, point, invokerOf("Parallel"), undefined),
    servers: servers.map((server) => ({ ...server, address: "10.0.0.5" })),
  };
  return aDrill({ status });
}

test.each([
  [{}, {}, "docker.io/library/mariadb:10.11.4"],
  [{ type: "mysql", version: "8.0.27" }, {}, "docker.io/library/mysql:8.0.27"],
  [{ type: "kubedb.com/postgres", version: "16.1" }, {}, "docker.io/library/postgres:16.1"],
  [{ version: "odd" }, { servers: [{ member: "db", image: "here/db:1" }] }, "here/db:1"],
])("the server of an AppBinding with %j and a verifier with %j is of %s", (binding, verifier, image) => {
  expect(serversOf(binding, verifier)[0]?.image).toBe(image);
});

test.each([
  ["a version that is no tag", { version: "10.11 latest" }, "DRILL_SERVER_UNKNOWN"],
  ["a tag that would be another image", { version: "1@sha256:0" }, "DRILL_SERVER_UNKNOWN"],
  ["no version", { version: undefined }, "DRILL_SERVER_UNKNOWN"],
  ["a type that nobody knows", { type: "example.org/redis" }, "DRILL_NOT_POSSIBLE"],
  ["no type", { type: undefined }, "DRILL_NOT_POSSIBLE"],
])("%s fails the drill before anything is made", (_what, binding, code) => {
  expect(() => serversOf(binding)).toThrow(expect.objectContaining({ code }));
});

test("an AppBinding that is gone, a dump larger than a volume may be, and a database elsewhere are named", () => {
  const verifier = aVerifier({ storage: { sizeLimit: "1Mi" } }).spec;
  const large = databases.map((one) => ({
    ...one,
    snapshots: [{ id: "d", path: "dumpfile.sql", sizeBytes: 2 ** 20 }],
  }));
  const wish = { drill: name, databases: large, verifier };
  expect(() => planServers({ ...wish, bindings: new Map() })).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  const bindings = new Map([[BINDING, aBinding()]]);
  expect(() => planServers({ ...wish, bindings })).toThrow(expect.objectContaining({ code: "DRILL_NO_ROOM" }));
  expect(() => databasesOf(point, "other")).toThrow(/another namespace/);
});

test("statements and images that are for no database of the point fail the drill", () => {
  const query = { member: "web", statement: "SELECT 1", expect: { equals: "1" } };
  const require = (spec: object) => () => requireDatabases(aVerifier(spec).spec, databases);
  expect(require({ type: "Query", queries: [query] })).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("spec.queries[0] names web"),
      next: "Name one of: db.",
    }),
  );
  expect(require({ servers: [{ member: "DB", image: "a:1" }] })).toThrow(/servers\[0\] names DB/);
  expect(require({ type: "Query", queries: [{ ...query, member: "db" }] })).not.toThrow();
});

test("a drill with a database starts servers before it restores, and says so when one does not start", () => {
  const drill = aDrill();
  const view: DrillView = {
    drill,
    verifier: aVerifier(),
    invoker: { ...invokerOf("Parallel") },
    repository: {
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "store", namespace: "demo" },
      spec: {},
    },
    sessions: [session],
    earlier: undefined,
    restore: undefined,
    batch: undefined,
    verifyJob: undefined,
    scriptJob: undefined,
    serverJobs: new Map(),
    hostRuns: [],
    problem: undefined,
    sinceTryMs: undefined,
    podWaitMs: 60_000,
  };
  const now = new Date("2026-05-02T00:00:10Z");
  const begun = decideDrill(view, now);
  expect(begun).toMatchObject({ kind: "begin", status: { step: "Starting" }, databases: [{ member: "db" }] });
  if (begun.kind !== "begin") throw new Error("the drill does not begin");
  const [server] = serversOf();
  const status = { ...begun.status, servers: server === undefined ? [] : [server] };
  const later = (outcome: object, ip?: string) =>
    decideDrill(
      {
        ...view,
        drill: { ...drill, status },
        serverJobs: new Map([
          [
            server?.name ?? "",
            {
              namespace: "demo",
              name: server?.name ?? "",
              uid: "j",
              completeForMs: 0,
              pod: { name: "p", uid: "p", ip },
              outcome: { kind: "running", ...outcome },
            },
          ],
        ]),
      },
      now,
    );
  expect(decideDrill({ ...view, drill: { ...drill, status } }, now)).toMatchObject({ kind: "make-servers" });
  expect(later({})).toMatchObject({ kind: "wait" });
  expect(later({}, "10.0.0.5")).toMatchObject({
    kind: "tell",
    status: { step: "Restoring", servers: [{ member: "db", address: "10.0.0.5" }] },
  });
  const waiting = {
    kind: "starting",
    code: "IMAGE_UNAVAILABLE",
    message: "ImagePullBackOff: no such image",
    sinceMs: 0,
  };
  expect(later(waiting)).toMatchObject({
    kind: "tell",
    status: { step: "Cleaning", outcome: "Failed", reason: "IMAGE_UNAVAILABLE" },
  });
  expect(JSON.stringify(later(waiting))).toContain("spec.servers");
  expect(later({ kind: "failed", code: "JOB_FAILED", message: "exit code 1: bad option" })).toMatchObject({
    status: { reason: "JOB_FAILED", message: expect.stringContaining("bad option") },
  });
});

test("the batch loads the dump into the drill's own AppBinding, in the order of the invoker, and names nothing of the application", () => {
  const drill = aBegunDrill(serversOf({ parameters: { stash: { addon: { restoreTask: { name: "own-restore" } } } } }));
  const { volumes = [], servers = [] } = drill.status ?? {};
  const build = (invoker: ReturnType<typeof invokerOf>) =>
    buildDrillBatch({ drill, volumes, servers, invoker, settings: undefined, timeOut: "1h0m0s" });
  const members = build(invokerOf("Sequential")).spec.members ?? [];
  const load = members.find(({ target }) => target?.ref?.kind === "AppBinding");
  expect(load?.target).toEqual({
    alias: "server-0",
    ref: {
      apiVersion: "appcatalog.appscode.com/v1alpha1",
      kind: "AppBinding",
      name: servers[0]?.name,
      namespace: "demo",
    },
    rules: [{ snapshots: ["dump-s-1"] }],
  });
  expect(load?.task).toEqual({ name: "own-restore" });
  const files = members.find(({ target }) => target?.alias === "volume-0");
  // The session's targets are the files first.
  expect([files?.dependsOn, load?.dependsOn]).toEqual([undefined, ["volume-0"]]);
  const dependent = build(invokerOf("Parallel", ["db"])).spec.members ?? [];
  expect(dependent.find(({ target }) => target?.alias === "volume-0")?.dependsOn).toEqual(["server-0"]);
  expect(JSON.stringify(members)).not.toMatch(/shop-db|shop-auth/);
});

test("a server has a password of its own, ends with the drill's time, and its AppBinding leads to its pod alone", () => {
  const drill = aBegunDrill();
  const [server] = drill.status?.servers ?? [];
  if (server === undefined) throw new Error("no server");
  const namespace = { name: "demo", labels: {}, annotations: {} };
  const facts = { settings: undefined, installation: {}, limitRanges: [], deadlineSeconds: 90 };
  const job = buildServerJob(drill, server, { ...facts, namespace });
  expect(valueAt(job, "spec", "activeDeadlineSeconds")).toBe(90);
  const pod = JSON.stringify(valueAt(job, "spec", "template", "spec"));
  expect(pod).toContain(`"secretKeyRef":{"name":"${server.name}","key":"password"}`);
  expect(pod).toContain(`"claimName":"${server.name}"`);
  expect(pod).toContain("--datadir=/drill-server/files");
  expect(pod).not.toMatch(/shop-auth|runAsUser/);
  const restricted = { ...namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } };
  expect(JSON.stringify(buildServerJob(drill, server, { ...facts, namespace: restricted }))).toContain(
    '"runAsUser":999',
  );
  const binding = parseAppBinding(buildServerBinding(drill, server));
  expect(appAddress(binding)).toMatchObject({ host: "10.0.0.5", port: 3306, path: undefined });
  expect(binding.spec).toMatchObject({ type: "kubedb.com/mariadb", secret: { name: server.name } });
  const six = parseAppBinding(buildServerBinding(drill, { ...server, address: "fd00::5" }));
  expect(appAddress(six)).toMatchObject({ host: "fd00::5", port: 3306 });
  for (const object of [job, binding, buildServerSecret(drill, server, "p")]) {
    expect(valueAt(object, "metadata", "ownerReferences")).toMatchObject([{ uid: "uid-drill-1", controller: true }]);
  }
});

test("the order names the server of a database, and a script finds it by variables and by the member's alias", () => {
  const drill = aBegunDrill();
  const [files, database] = verifyOrder(drill.status ?? {}, aVerifier().spec, "5m").members;
  expect(files?.model).toBe("Files");
  expect(database).toEqual({
    alias: "db",
    model: "Database",
    appType: "kubedb.com/mariadb",
    snapshots: [{ id: "dump-s-1", host: "db", path: "dumpfile.sql", recordedId: "dump-s-1" }],
    database: {
      host: "10.0.0.5",
      port: 3306,
      user: "root",
      secret: drill.status?.servers?.[0]?.name,
      database: "shop",
    },
  });
  const script = planScriptJob(drill, aVerifier({ type: "Script", script: { image: "a:1" } }).spec, {
    settings: undefined,
    installation: {},
    namespace: { name: "demo", labels: {}, annotations: {} },
    limitRanges: [],
    deadlineSeconds: 60,
  });
  const pod = JSON.stringify(valueAt(script, "spec", "template", "spec"));
  for (const text of [
    '{"name":"DRILL_DB_HOST","value":"10.0.0.5"}',
    '{"name":"DRILL_DB_PORT","value":"3306"}',
    '{"name":"DRILL_DB_DATABASE","value":"shop"}',
    '{"ip":"10.0.0.5","hostnames":["db"]}',
  ]) {
    expect(pod).toContain(text);
  }
});

test("a database of which nothing, too little, or something wrong is told is not proven", () => {
  const { status = {} } = aBegunDrill();
  const query = { member: "db", statement: "SELECT 1", expect: { equals: "1" } };
  const good = { alias: "db", files: 1, compared: 1, tableCount: 2, rows: 7 };
  const answered = { statement: "SELECT 1", ok: true, value: "1" };
  const told = (db: object, queries = [query]) => {
    const web = { alias: "web", files: 3, compared: 3 };
    const members = withVerified(status, { members: [web, { ...good, ...db }] }, queries).members ?? [];
    const member = members.find(({ alias }) => alias === "db");
    return [member?.phase, member?.message];
  };
  expect(told({ queries: [answered] })).toEqual(["Succeeded", undefined]);
  expect(told({}, [])).toEqual(["Succeeded", undefined]);
  expect(told({})).toEqual(["Failed", "0 of 1 statements were answered"]);
  expect(told({ tableCount: undefined })).toEqual(["Failed", "its tables were not counted"]);
  expect(told({ queries: [{ statement: "SELECT 1", ok: false, message: "no answer" }] })).toEqual([
    "Failed",
    "SELECT 1: no answer",
  ]);
  expect(withVerified(status, { members: [] }).members?.map(({ phase }) => phase)).toEqual(["Failed", "Failed"]);
  const whole = withVerified(
    status,
    {
      members: [
        { alias: "web", files: 3 },
        { ...good, queries: [answered] },
      ],
    },
    [query],
  );
  expect(provenWords({ ...whole, recoverySeconds: 9 })).toBe("restored in 0:09, 3 files, 2 tables, 7 rows, 1 answers");
  expect(whole.checks).toMatchObject([
    { name: "files of web", ok: true },
    { name: "database db", ok: true, message: "2 tables, 7 rows, 1 statements answered as they must be" },
  ]);
});

test("a script and a server fit into a namespace that enforces `restricted`, with limits for quotas, whose ranges count", () => {
  const drill = aBegunDrill();
  const [server] = drill.status?.servers ?? [];
  if (server === undefined) throw new Error("no server");
  const verifier = aVerifier({ type: "Script", script: { image: "a:1" } }).spec;
  const facts = (labels: Readonly<Record<string, string>>, settings?: typeof verifier.runtimeSettings) => ({
    settings,
    installation: {},
    namespace: { name: "demo", labels, annotations: {} },
    limitRanges: [readLimitRange({ spec: { limits: [{ type: "Container", max: { memory: "512Mi" } }] } })],
    deadlineSeconds: 60,
  });
  const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
  for (const job of [
    planScriptJob(drill, verifier, facts(restricted)),
    buildServerJob(drill, server, facts(restricted)),
  ]) {
    const spec = valueAt(job, "spec", "template", "spec");
    expect(spec).toMatchObject({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          resources: { limits: { cpu: expect.any(String) }, requests: { cpu: expect.any(String) } },
        },
      ],
    });
  }
  // The API server itself fills in what a range has as the most.
  expect(JSON.stringify(buildServerJob(drill, server, facts(restricted)))).not.toContain("2Gi");
  const free = JSON.stringify([planScriptJob(drill, verifier, facts({})), buildServerJob(drill, server, facts({}))]);
  expect(free).not.toMatch(/runAsNonRoot|allowPrivilegeEscalation/);
  const asked = { ...verifier, runtimeSettings: { container: { securityContext: { runAsUser: 33 } } } };
  const own = planScriptJob(drill, asked, facts(restricted));
  expect(valueAt(own, "spec", "template", "spec", "containers")).toMatchObject([
    { securityContext: { runAsUser: 33, allowPrivilegeEscalation: false } },
  ]);
});

test("a statement that nobody was asked proves nothing, and what was proven is what was done", () => {
  const found = {
    members: [
      { alias: "web", files: 3 },
      { alias: "db", tableCount: 2, rows: 7, queries: [{ statement: "SELECT 1", ok: true, value: "1" }] },
    ],
  };
  const status = { members: firstMembers(point), servers: serversOf() };
  const ask = (member: string) => ({ member, statement: "SELECT 1", expect: { equals: "1" } });
  const asked = withVerified(status, found, [ask("db")]);
  expect(whyUnproven(asked)).toBeUndefined();
  // Members of a verifier that was changed after the drill began.
  for (const other of ["gone", "web"]) {
    expect(whyUnproven(withVerified(status, found, [ask("db"), ask(other)]))).toBe(
      `${other} is no database of the recovery point, so nobody asked: SELECT 1`,
    );
  }
  expect(provenOf(aDrill(), asked).type).toBe("Query");
  expect(provenOf(aDrill(), { ...asked, script: { exitCode: 0 } }).type).toBe("Script");
  expect(provenOf(aDrill(), { members: firstMembers(point) }).type).toBe("RestoreOnly");
});
