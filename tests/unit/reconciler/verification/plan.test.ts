import { expect, test } from "vitest";
import { buildDrillBatch } from "../../../../reconciler/verification/objects.ts";
import { planVolumes } from "../../../../reconciler/verification/plan.ts";
import { chooseDrillPoint } from "../../../../reconciler/verification/point.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { type BackupSession, parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { UserError } from "../../../../shared/errors.ts";
import { backupInvokerView } from "../../../../shared/invoker/object.ts";
import { aDrill, aSession, aVerifier } from "./builders.ts";

const invoker = backupInvokerView(
  parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "app", namespace: "demo" },
    spec: {
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 1, prune: false },
      members: [
        {
          target: {
            alias: "web",
            ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        },
      ],
    },
  }),
);
const NOW = new Date("2026-06-01T00:00:00Z");
const name = { name: "drill-1", uid: "uid-drill-1" };
const spec = aVerifier().spec;

function volumesOf(paths: readonly string[], storage?: object, sizeBytes?: number) {
  const point = chooseDrillPoint({
    verifier: spec,
    drill: aDrill(),
    sessions: [aSession("s-1", "2026-05-01T10:00:00Z", paths, sizeBytes)],
    now: NOW,
  });
  return planVolumes(name, point, invoker, storage);
}

test.each([
  [["/data/a", "/data/b"], [["/data", "/drill/web", 2]]],
  [["/data"], [["/data", "/drill/web", 1]]],
  [
    ["/data/a", "/etc/app"],
    [
      ["/data", "/drill/web/0", 1],
      ["/etc/app", "/drill/web/1", 1],
    ],
  ],
  // One lies within the other: in one volume it would be chance which of them won.
  [
    ["/data/a", "/data/a/b"],
    [
      ["/data", "/drill/web/0", 1],
      ["/data", "/drill/web/1", 1],
    ],
  ],
  // A name that only begins alike is no folder within.
  [["/database/a"], [["/database/a", "/drill/web", 1]]],
])("%j is restored into volumes of its own", (paths, wanted) => {
  const volumes = volumesOf(paths);
  expect(volumes.map(({ mountPath, folder, snapshots }) => [mountPath, folder, snapshots.length])).toEqual(wanted);
  expect(new Set(volumes.map(({ claim }) => claim)).size).toBe(volumes.length);
});

test("a volume holds what the point says and more, and never more than the limit", () => {
  expect(volumesOf(["/data"])[0]?.size).toBe("1024Mi");
  expect(volumesOf(["/data"], undefined, 10 * 2 ** 30)[0]?.size).toBe("13312Mi");
  expect(volumesOf(["/data"], { sizeLimit: "256Mi" })[0]?.size).toBe("256Mi");
  expect(() => volumesOf(["/data"], { sizeLimit: "1Gi" }, 2 ** 30)).toThrow(/sizeLimit is 1Gi/);
});

test("a path that is no folder below the root is refused before anything is made", () => {
  expect(() => volumesOf(["dumpfile.sql"])).toThrow(UserError);
  expect(() => volumesOf(["/"])).toThrow(UserError);
});

test("the batch of a drill names throw-away claims, snapshots by their ids, and nothing of the application", () => {
  const drill = aDrill();
  const volumes = volumesOf(["/data/a", "/data/b"]);
  const batch = buildDrillBatch({ drill, volumes, servers: [], invoker, settings: undefined, timeOut: "1h0m0s" });
  const [member] = batch.spec.members ?? [];
  expect(batch.spec.members).toHaveLength(1);
  expect(member?.target?.ref).toEqual({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    name: volumes[0]?.claim,
    namespace: "demo",
  });
  expect(member?.target?.rules).toEqual([{ snapshots: ["0s-1", "1s-1"] }]);
  expect(member?.target?.args).toEqual(["--verify"]);
  expect(batch.metadata.ownerReferences).toMatchObject([{ uid: "uid-drill-1", controller: true }]);
  expect(JSON.stringify(batch)).not.toMatch(/Deployment|"name":"web"/);
});

test("which point is restored: the newest, a named one, and the same random one whoever looks", () => {
  const sessions = ["01", "02", "03"].map((day) => aSession(`s-${day}`, `2026-05-${day}T10:00:00Z`, ["/data"]));
  const choose = (point: object | undefined, drill = aDrill()) =>
    chooseDrillPoint({ verifier: aVerifier({ point }).spec, drill, sessions, now: NOW }).session;
  expect(choose(undefined)).toBe("s-03");
  expect(choose({ which: "Named", session: "s-01" })).toBe("s-01");
  expect(choose(undefined, aDrill({ spec: { session: "s-02" } }))).toBe("s-02");
  const random = Array.from({ length: 40 }, (_, at) => choose({ which: "Random" }, aDrill({ name: `d-${at}` })));
  expect(new Set(random)).toEqual(new Set(["s-01", "s-02", "s-03"]));
  expect(choose({ which: "Random" }, aDrill({ name: "d-7" }))).toBe(random[7]);
  expect(() => choose({ which: "Named", session: "s-09" })).toThrow(/not kept any more/);
});

test("a point that a clock ahead has dated is not the newest until then", () => {
  const sessions = [
    aSession("s-ahead", "2027-05-01T10:00:00Z", ["/data"]),
    aSession("s-1", "2026-05-01T10:00:00Z", ["/data"]),
  ];
  const choose = (point?: object) =>
    chooseDrillPoint({ verifier: aVerifier({ point }).spec, drill: aDrill(), sessions, now: NOW }).session;
  expect(choose()).toBe("s-1");
  expect(choose({ which: "Named", session: "s-ahead" })).toBe("s-ahead");
});

test("a session that lists fewer snapshots than it saved is no drill: what it restored would pass for the whole", () => {
  const session = aSession("s-01", "2026-05-01T10:00:00Z", ["/a", "/b"]);
  const withCount = (snapshotCount: number): BackupSession => {
    const targets = session.status?.targets?.map((target) => {
      return { ...target, stats: target.stats?.map((host) => ({ ...host, snapshotCount })) };
    });
    return parseBackupSession({ ...session, status: { ...session.status, targets } });
  };
  const choose = (one: BackupSession) =>
    chooseDrillPoint({ verifier: aVerifier().spec, drill: aDrill(), sessions: [one], now: NOW });
  expect(choose(withCount(2)).session).toBe("s-01");
  expect(() => choose(withCount(3))).toThrowError(expect.objectContaining({ code: "DRILL_NOT_POSSIBLE" }));
});
