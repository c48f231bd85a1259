import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { textAt } from "../../../../shared/json/value.ts";
import type { Parse } from "../../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../../shared/kube/resource.ts";
import { formatFinding } from "../../../../shared/validation/finding.ts";
import type { AdmissionRequest } from "../../../../webhook/review.ts";
import { inspectObject } from "../../../../webhook/validate/find-findings.ts";
import { validate } from "../../../../webhook/validate/objects.ts";

const REF = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

function backupConfiguration(spec: JsonObject = {}, more: JsonObject = {}) {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name: "b", namespace: "demo" },
    spec: {
      schedule: "*/5 * * * *",
      repository: { name: "repo" },
      retentionPolicy: { name: "k", keepLast: 5, prune: true },
      target: { ref: REF, paths: ["/data"], volumeMounts: [{ name: "data", mountPath: "/data" }] },
      ...spec,
    },
    ...more,
  };
}

function backupBatch(members: readonly JsonObject[], spec: JsonObject = {}) {
  const { target: _, ...rest } = backupConfiguration().spec;
  return { ...backupConfiguration(), kind: "BackupBatch", spec: { ...rest, members, ...spec } };
}

function restoreSession(spec: JsonObject = {}, more: JsonObject = {}) {
  return {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreSession",
    metadata: { name: "r", namespace: "demo" },
    spec: { repository: { name: "repo" }, target: { ref: REF, rules: [{ paths: ["/data"] }] }, ...spec },
    ...more,
  };
}

const repository = (spec: JsonObject) => ({
  apiVersion: "stash.appscode.com/v1alpha1",
  kind: "Repository",
  metadata: { name: "repo", namespace: "demo" },
  spec,
});

/** Faults and warnings of an object, one line each. */
function findingsOf(object: JsonObject & { kind: string }, old?: unknown): string {
  return inspectObject(object.kind, object, old)
    .findings.map((f) => `${f.severity} ${formatFinding(f)}`)
    .join("\n");
}

const member = (alias: string | undefined, more: JsonObject = {}, ref: JsonObject = REF) => ({
  target: { ...(alias !== undefined && { alias }), ref },
  ...more,
});

describe("S8: claims that a restore makes", () => {
  const claims = (alias: string, replicas: number) => ({
    target: { alias, replicas, volumeClaimTemplates: [{ metadata: { name: "data" } }], rules: [{ paths: ["/data"] }] },
  });
  const batch = (...members: readonly JsonObject[]) => ({
    ...restoreSession(),
    kind: "RestoreBatch",
    spec: { repository: { name: "repo" }, members },
  });

  test("are of no more replicas than a person means", () => {
    const { target } = claims("a", 2_000_000_000);
    expect(() => findingsOf(restoreSession({ target }))).toThrow("spec.target.replicas: expected at most 1000");
  });

  test("are of no more in all members together", () => {
    expect(findingsOf(batch(claims("a", 500), claims("b", 500)))).toBe("");
    expect(findingsOf(batch(claims("a", 500), claims("b", 501)))).toMatch(/^fault spec: makes the claims of 1001/);
  });
});

describe("E14: who writes an invoker hears of all its faults at once", () => {
  test("of schedule and zone", () => {
    const found = findingsOf(backupConfiguration({ schedule: "61 * * * *", timeZone: "Nowhere/Land" }));
    expect(found).toMatch(/spec\.schedule.*61/);
    expect(found).toMatch(/spec\.timeZone.*Nowhere\/Land/);
  });

  test("of a Repository that does not allow it, beside what it says itself", () => {
    const { source, findings } = inspectObject(
      "BackupConfiguration",
      backupConfiguration({ schedule: "61 * * * *" }),
      undefined,
    );
    expect(findings).toHaveLength(1);
    expect(source).toMatchObject({ repository: { namespace: "demo", name: "repo" } });
  });
});

describe("a backup invoker", () => {
  test("as the manual writes it has nothing wrong", () => {
    expect(findingsOf(backupConfiguration())).toBe("");
    expect(findingsOf(backupBatch([member("a"), member("b")]))).toBe("");
    expect(findingsOf(backupConfiguration({ target: undefined, task: { name: "kubedump-backup-0.1.0" } }))).toBe("");
    expect(findingsOf(backupConfiguration({ driver: "VolumeSnapshotter", repository: undefined }))).toBe("");
  });

  test.each([
    [{ schedule: "61 * * * *" }, "fault spec.schedule"],
    [{ schedule: "* * * *" }, "fault spec.schedule"],
    [{ schedule: "0 0 31 2 *" }, "fault spec.schedule"],
    [{ timeZone: "Mars/Olympus" }, "fault spec.timeZone"],
    [{ timeOut: "-5m" }, "spec.timeOut"],
    [{ jitter: "5" }, "spec.jitter"],
    [{ backupHistoryLimit: -1 }, "fault spec.backupHistoryLimit"],
    [{ retryConfig: { maxRetry: -1 } }, "fault spec.retryConfig.maxRetry"],
    [{ retentionPolicy: { name: "k", keepDaily: -2, prune: true } }, "fault spec.retentionPolicy.keepDaily"],
    [{ retentionPolicy: { name: "k", prune: true } }, "warning spec.retentionPolicy"],
    [{ repository: undefined }, "fault spec.repository"],
    [{ target: { ref: { kind: "Deployment" } } }, "fault spec.target.ref"],
    [{ target: { ref: { ...REF, namespace: "other" } } }, "fault spec.target.ref.namespace"],
    [{ target: { ref: REF, volumeMounts: [{ name: "d", mountPath: "data" }] } }, "fault spec.target.volumeMounts"],
    [{ hooks: { preBackup: {} } }, "has no handler"],
    [
      { hooks: { preBackup: { exec: { command: ["a"] }, tcpSocket: { port: 1 } } } },
      "has 2 handlers (exec, tcpSocket)",
    ],
    [{ hooks: { postBackup: { exec: { command: [] } } } }, "fault spec.hooks.postBackup.exec.command"],
    [{ hooks: { postBackup: { httpGet: { port: 70_000 } } } }, "fault spec.hooks.postBackup.httpGet.port"],
    [{ hooks: { postBackup: { httpGet: { port: "http" } } } }, "no container has it"],
    [{ hooks: { preBackup: { exec: { command: ["a"] }, timeout: "x" } } }, "spec.hooks.preBackup.timeout"],
  ])("%j is answered with %s", (spec, expected) => {
    let found: string;
    try {
      found = findingsOf(backupConfiguration(spec));
    } catch (thrown) {
      // What the schema says already is said by the parser, field first.
      found = String(thrown);
    }
    expect(found).toContain(expected);
  });

  test("of a claim or by a task may look at another namespace as upstream lets it", () => {
    const claim = { kind: "PersistentVolumeClaim", name: "c", namespace: "other" };
    expect(findingsOf(backupConfiguration({ target: { ref: claim }, task: { name: "pvc-backup" } }))).toContain(
      "fault",
    );
    const database = {
      apiVersion: "appcatalog.appscode.com/v1alpha1",
      kind: "AppBinding",
      name: "db",
      namespace: "other",
    };
    expect(findingsOf(backupConfiguration({ target: { ref: database }, task: { name: "mysql" } }))).toBe("");
    expect(findingsOf(backupConfiguration({ target: { ref: claim }, task: { name: "kubedump-x" } }))).toBe("");
  });

  test("keeps its target while it is Ready; paths and mounts may change", () => {
    const ready = backupConfiguration({}, { status: { phase: "Ready" } });
    const moved = backupConfiguration({ target: { ref: { ...REF, name: "other" } } });
    expect(findingsOf(moved, ready)).toContain("fault spec.target");
    expect(findingsOf(moved, backupConfiguration({}, { status: { phase: "NotReady" } }))).toBe("");
    expect(findingsOf(backupConfiguration({ target: { ref: REF, paths: ["/other"] } }), ready)).toBe("");
  });

  test("L16: of several members has hosts that differ", () => {
    expect(findingsOf(backupBatch([member("a"), member("a")]))).toContain("fault spec.members[1].target.alias");
    expect(findingsOf(backupBatch([member(undefined), member(undefined)]))).toContain("(host-0)");
    const database = { ...REF, kind: "StatefulSet" };
    expect(findingsOf(backupBatch([member(undefined), member(undefined, {}, database)]))).toContain("(host)");
    expect(findingsOf(backupBatch([member("db", {}, database), member("db-2")]))).toContain("fault");
    expect(findingsOf(backupBatch([member("db", {}, database), member("db-x")]))).toBe("");
    expect(findingsOf(backupBatch([member("db", {}, database), member("db")]))).toContain("fault");
  });

  test("depends only on members that exist, and on none that depends on it", () => {
    expect(findingsOf(backupBatch([member("a", { dependsOn: ["b"] }), member("b")]))).toBe("");
    expect(findingsOf(backupBatch([member("a", { dependsOn: ["x"] })]))).toContain("no member has the alias x");
    const circle = [
      member("a", { dependsOn: ["b"] }),
      member("b", { dependsOn: ["c"] }),
      member("c", { dependsOn: ["a"] }),
    ];
    expect(findingsOf(backupBatch(circle))).toContain("a -> b -> c -> a");
    expect(findingsOf(backupBatch([member("a", { dependsOn: ["a"] })]))).toContain("a -> a");
  });
});

describe("a restore", () => {
  test("L49: has rules that don't contradict each other, in either place", () => {
    const wrong = [
      [[{ paths: ["/a"] }, { paths: ["/b"] }], "2 rules have no targetHosts"],
      [
        [
          { targetHosts: ["h"], paths: ["/a"] },
          { targetHosts: ["h"], paths: ["/b"] },
        ],
        "host h is in several rules",
      ],
      [[{ paths: ["/a"], snapshots: ["a"] }], "has snapshots and paths"],
      [
        [{ snapshots: ["latest", "--password-command=id"] }],
        'snapshots: "--password-command=id" is no id of a snapshot',
      ],
      [[{ snapshots: ["0123ABCD"] }], "is no id of a snapshot"],
    ] as const;
    for (const [rules, expected] of wrong) {
      expect(findingsOf(restoreSession({ target: { ref: REF, rules } }))).toContain(expected);
      expect(findingsOf(restoreSession({ rules, target: { ref: REF } }))).toContain(expected);
      const { target: _, ...rest } = restoreSession().spec;
      const batch = {
        ...restoreSession(),
        kind: "RestoreBatch",
        spec: { ...rest, members: [{ target: { ref: REF, rules } }] },
      };
      expect(findingsOf(batch)).toContain(expected);
    }
  });

  test("chooses its recovery point in one way", () => {
    expect(findingsOf(restoreSession({ session: "s", asOf: "2024-01-01T00:00:00Z" }))).toContain("fault spec.asOf");
    expect(findingsOf(restoreSession({ target: { ref: REF } }))).toContain("warning spec: selects nothing");
    expect(findingsOf(restoreSession({ target: { ref: REF }, session: "s" }))).toBe("");
  });

  test("keeps its spec, but for what happens after a failure", () => {
    const running = restoreSession({}, { status: { phase: "Running" } });
    expect(findingsOf(restoreSession({ onFailure: "Start" }), running)).toBe("");
    expect(findingsOf(restoreSession({ repository: { name: "other" } }), running)).toContain("can't change");
    const moved = restoreSession({ target: { ref: REF }, rules: [{ paths: ["/data"] }] });
    expect(findingsOf(moved, running)).toBe("");
  });

  test("of several members may be corrected until it runs", () => {
    const { target: _, ...rest } = restoreSession().spec;
    const batch = (phase: string, alias: string) => ({
      ...restoreSession(),
      kind: "RestoreBatch",
      spec: { ...rest, members: [{ target: { alias, ref: REF, rules: [{ paths: ["/d"] }] } }] },
      status: { phase },
    });
    expect(findingsOf(batch("Pending", "b"), batch("Pending", "a"))).toBe("");
    expect(findingsOf(batch("Pending", "b"), batch("Running", "a"))).toContain("can't change");
  });
});

describe("a Repository", () => {
  const local = { hostPath: { path: "/x" }, mountPath: "/safe" };

  test.each([
    [{ backend: { local, storageSecretName: "s" }, wipeOut: true }, "fault spec.wipeOut: a local backend"],
    [{ backend: { b2: { bucket: "b" }, storageSecretName: "s" }, wipeOut: true }, "fault spec.wipeOut: a b2 backend"],
    [{ backend: { local: { ...local, mountPath: "/stash/x" } } }, "fault spec.backend.local.mountPath"],
    [{ backend: { local: { ...local, mountPath: "//stash" } } }, "fault spec.backend.local.mountPath"],
    [{ backend: { local: { ...local, mountPath: "/stash-tmp" } } }, "fault spec.backend.local.mountPath"],
    [{ backend: { local: { ...local, mountPath: "/" } } }, "fault spec.backend.local.mountPath"],
    [{ backend: { local: { ...local, mountPath: "safe" } } }, "is not absolute"],
    [{ backend: { storageSecretName: "s" } }, "names no backend"],
    [{}, "names no backend"],
    [{ backend: { local, s3: { endpoint: "e", bucket: "b" }, storageSecretName: "s" } }, "local is used"],
    [{ backend: { local } }, "warning spec.backend.storageSecretName"],
  ])("%j is answered with %s", (spec, expected) => {
    expect(findingsOf(repository(spec))).toContain(expected);
  });

  test.each([
    "/opt/stash-batch",
    "/usr/local/bin",
    "/etc",
    "/stash-data",
    "/safe/../etc/stash/repository",
    "/safe/./../etc",
    "/safe/..",
    "/safer",
    "/./safe",
    "/ safe",
    "/SAFE/data",
    "/safe/data:/etc",
    "\\safe",
  ])("S12: can't lay its volume over %s", (mountPath) => {
    expect(findingsOf(repository({ backend: { local: { ...local, mountPath }, storageSecretName: "s" } }))).toContain(
      "fault spec.backend.local.mountPath",
    );
  });

  test.each(["..", "a/../..", "/etc", "a/.."])("S12: can't leave its volume by subPath %s", (subPath) => {
    expect(findingsOf(repository({ backend: { local: { ...local, subPath }, storageSecretName: "s" } }))).toContain(
      "fault spec.backend.local.subPath",
    );
  });

  test("with one reachable backend has nothing wrong", () => {
    expect(findingsOf(repository({ backend: { local, storageSecretName: "s" } }))).toBe("");
    expect(
      findingsOf(repository({ backend: { local: { ...local, mountPath: "/safe//data/" }, storageSecretName: "s" } })),
    ).toBe("");
  });
});

test("a BackupSession keeps its spec, but may be cancelled, once and for all", () => {
  const session = (name: string, spec: JsonObject = {}) => ({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: "s", namespace: "demo" },
    spec: { invoker: { kind: "BackupBatch", name }, ...spec },
  });
  expect(findingsOf(session("a"), session("a"))).toBe("");
  expect(findingsOf(session("b"), session("a"))).toContain("of a session can't change");
  expect(findingsOf(session("a", { cancel: true }), session("a"))).toBe("");
  expect(findingsOf(session("a", { cancel: true }), session("a", { cancel: true }))).toBe("");
  expect(findingsOf(session("b", { cancel: true }), session("a"))).toContain("of a session can't change");
  for (const later of [{}, { cancel: false }]) {
    expect(findingsOf(session("a", later), session("a", { cancel: true }))).toContain("can't be taken back");
  }
});

test("what is due long after it is made is refused, and what is there already is let alone", () => {
  const made = { name: "s", namespace: "demo", creationTimestamp: "2024-01-01T00:00:00Z" };
  for (const [kind, rest] of [
    ["BackupSession", { invoker: { kind: "BackupBatch", name: "a" } }],
    ["BackupVerificationSession", { verifier: "v" }],
  ] as const) {
    const object = (dueTime: string) => ({
      apiVersion: "stash.appscode.com/v1beta1",
      kind,
      metadata: made,
      spec: { ...rest, dueTime },
    });
    expect(findingsOf(object("2024-01-01T01:00:01Z"))).toContain("fault spec.dueTime");
    expect(findingsOf(object("2024-01-01T00:59:00Z"))).toBe("");
    expect(findingsOf(object("2020-01-01T00:00:00Z"))).toBe("");
    expect(findingsOf(object("2025-01-01T00:00:00Z"), object("2025-01-01T00:00:00Z"))).toBe("");
  }
});

test("a BackupBlueprint is validated where it holds no variables", () => {
  const blueprint = (spec: JsonObject) => ({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBlueprint",
    metadata: { name: "b" },
    spec: {
      backend: { s3: { endpoint: "e", bucket: "b" }, storageSecretName: "s" },
      retentionPolicy: { name: "k", keepLast: 5, prune: true },
      ...spec,
    },
  });
  expect(findingsOf(blueprint({ schedule: "${SCHEDULE:=x}" }))).toBe("");
  expect(findingsOf(blueprint({ schedule: "x" }))).toContain("fault spec.schedule");
  expect(findingsOf(blueprint({ backupNamespace: "other" }))).toContain("warning spec.backupNamespace");
  expect(findingsOf(blueprint({ repoNamespace: "vault" }))).toContain("warning spec.allowedNamespaces");
  expect(findingsOf(blueprint({ repoNamespace: "vault", allowedNamespaces: { from: "All" } }))).toBe("");
  const params = [{ name: "REPOSITORY_NAME", value: "x" }];
  expect(findingsOf(blueprint({ task: { name: "t", params } }))).toContain("fault spec.task.params[0]");
});

describe("a request", () => {
  const request = (object: JsonObject & { kind: string }, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
    uid: "1",
    kind: object.kind,
    group: "stash.appscode.com",
    resource: "",
    subresource: "",
    name: "b",
    namespace: "demo",
    operation: "CREATE",
    userInfo: { username: "jane" },
    object,
    oldObject: undefined,
    ...more,
  });
  const ports = (objects: readonly JsonObject[] = []) => ({
    client: {
      create: () => Promise.reject(new Error("not asked")),
      find: async <T>(resource: Resource, namespace: string | undefined, name: string, parse: Parse<T>) => {
        const isIt = (one: JsonObject) =>
          resource.plural === "repositories" &&
          textAt(one, "metadata", "namespace") === namespace &&
          textAt(one, "metadata", "name") === name;
        const found = objects.find(isIt);
        return found === undefined ? undefined : parse(found);
      },
      list: () => Promise.reject(new Error("not asked")),
    },
    checksRights: false,
    trustedUsers: [],
  });
  const wrong = backupConfiguration({ schedule: "x" });

  test("is refused with all faults, and goes in with all warnings", async () => {
    const { isAllowed, message } = await validate(
      request(backupConfiguration({ schedule: "x", backupHistoryLimit: -1 })),
      ports(),
    );
    expect(isAllowed).toBe(false);
    expect(message).toMatch(/spec\.schedule.*spec\.backupHistoryLimit/);
    const warned = await validate(request(backupConfiguration()), ports());
    expect(warned).toMatchObject({ isAllowed: true });
    expect(warned.warnings?.join()).toContain("Repository demo/repo does not exist");
  });

  test("is not looked at when the spec stays, also of an object that is being deleted: finalizers must go", async () => {
    const deleted = { ...wrong, metadata: { ...wrong.metadata, deletionTimestamp: "2024-01-01T00:00:00Z" } };
    expect(await validate(request(deleted, { operation: "UPDATE", oldObject: wrong }), ports())).toEqual({
      isAllowed: true,
    });
    expect(await validate(request(wrong, { operation: "UPDATE", oldObject: wrong }), ports())).toEqual({
      isAllowed: true,
    });
    expect(await validate(request(wrong, { subresource: "status" }), ports())).toEqual({ isAllowed: true });
    expect(await validate(request(wrong, { operation: "DELETE" }), ports())).toEqual({ isAllowed: true });
  });

  test("may correct an object that could not be read before", async () => {
    const old = backupConfiguration({ timeOut: "yes" });
    const { isAllowed } = await validate(
      request(backupConfiguration(), { operation: "UPDATE", oldObject: old }),
      ports(),
    );
    expect(isAllowed).toBe(true);
  });

  test("with an object of the wrong shape is refused with the field", async () => {
    const { isAllowed, message } = await validate(request({ kind: "BackupBatch", spec: 7 }), ports());
    expect(isAllowed).toBe(false);
    expect(message).toContain("spec");
  });

  test("L50: is refused when the Repository's policy does not allow the namespace", async () => {
    const elsewhere = {
      ...repository({ backend: { s3: { endpoint: "e", bucket: "b" } } }),
      metadata: { name: "repo", namespace: "vault" },
    };
    const object = backupConfiguration({ repository: { name: "repo", namespace: "vault" } });
    const { isAllowed, message } = await validate(request(object), ports([elsewhere]));
    expect(isAllowed).toBe(false);
    expect(message).toContain("does not allow namespace demo");
  });

  test("whose author's rights can't be found out is refused, and can be sent again", async () => {
    const { isAllowed, message } = await validate(request(backupConfiguration()), { ...ports(), checksRights: true });
    expect(isAllowed).toBe(false);
    expect(message).toContain("is not known: not asked");
    const trusted = { ...ports(), checksRights: true, trustedUsers: ["jane"] };
    expect((await validate(request(backupConfiguration()), trusted)).isAllowed).toBe(true);
  });
});

describe("C13: a mount on which a restore could not write", () => {
  const mounts = [
    { name: "data", mountPath: "/data", readOnly: true },
    { name: "logs", mountPath: "/logs" },
  ];

  test("is a warning to who writes the restore, alone or in a batch", () => {
    const target = { ref: REF, rules: [{ paths: ["/data"] }], volumeMounts: mounts };
    const found = /^warning .*spec(\.members\[0\])?\.target\.volumeMounts.* \/data readOnly/m;
    expect(findingsOf(restoreSession({ target }))).toMatch(found);
    const batch = {
      ...restoreSession(),
      kind: "RestoreBatch",
      spec: { repository: { name: "repo" }, members: [{ target }] },
    };
    expect(findingsOf(batch)).toMatch(found);
  });

  test("is none of a backup's concern", () => {
    expect(findingsOf(backupConfiguration({ target: { ref: REF, paths: ["/data"], volumeMounts: mounts } }))).toBe("");
  });
});
