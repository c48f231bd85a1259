import { describe, expect, test } from "vitest";
import { listPoints } from "../../../../cli/points/decide.ts";
import { flagValues } from "../../../../cli/program/flag-values.ts";
import { UsageError } from "../../../../cli/program/usage-error.ts";
import { buildRestore, leftOut, membersOfInvoker, restoreName } from "../../../../cli/restore/build-object.ts";
import { chooseMembers, choosePoint, readWish } from "../../../../cli/restore/choose-point.ts";
import { decidePlan, type PlanView } from "../../../../cli/restore/decide-plan.ts";
import { formatPlan } from "../../../../cli/restore/format-plan.ts";
import { rememberedMembers } from "../../../../cli/restore/gather.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { UserError } from "../../../../shared/errors.ts";
import { findRestoreInvokerFindings } from "../../../../webhook/validate/restore-invoker.ts";
import { aBatch, aSession, hoursAgo, NOW_MS } from "../../../support/cli/objects.ts";

const half = aSession({
  name: "shop-2",
  hoursAgo: 1,
  phase: "Failed",
  targets: [{ alias: "db" }, { alias: "web", phase: "Failed" }],
});
const points = listPoints({ sessions: [aSession(), half], repositories: [], invokers: [] });
const known = { points, namespace: "demo", members: ["db", "web"], nowMs: NOW_MS };

describe("the point", () => {
  test("is one of --at, --session and --point, and the latest without them", () => {
    expect(readWish(flagValues({}), NOW_MS)).toEqual({ kind: "latest" });
    expect(readWish(flagValues({ point: "latest" }), NOW_MS)).toEqual({ kind: "latest" });
    expect(readWish(flagValues({ point: "shop-1" }), NOW_MS)).toEqual({ kind: "session", session: "shop-1" });
    expect(readWish(flagValues({ at: "1h ago" }), NOW_MS)).toEqual({ kind: "at", atMs: NOW_MS - 3_600_000 });
    expect(() => readWish(flagValues({ at: "1h ago", session: "x" }), NOW_MS)).toThrow(UsageError);
  });

  test("latest is the newest that holds all members that are wanted", () => {
    expect(choosePoint({ kind: "latest" }, known).spec).toEqual({ session: "shop-1" });
    expect(choosePoint({ kind: "latest" }, { ...known, members: ["db"] }).spec).toEqual({ session: "shop-2" });
  });

  test("a time is left to the reconciler, which knows the repository; what is known here is foretold", () => {
    const choice = choosePoint({ kind: "at", atMs: NOW_MS - 3_600_000 }, known);
    expect(choice).toMatchObject({ spec: { asOf: "2030-01-02T11:00:00Z" }, point: { session: "shop-1" } });
    expect(choosePoint({ kind: "at", atMs: 0 }, known).point).toBeUndefined();
  });

  test("where no point that is known has all members, the newest is told with what it lacks", () => {
    const choice = choosePoint({ kind: "latest" }, { ...known, members: ["db", "web", "extra"] });
    expect(choice).toEqual({
      spec: { asOf: "2030-01-02T12:00:00Z" },
      point: undefined,
      nearest: { session: "shop-2", lacks: ["web", "extra"] },
    });
  });

  test("without any that is known the repository is asked for the newest", () => {
    expect(choosePoint({ kind: "latest" }, { ...known, points: [] }).spec).toEqual({ asOf: "2030-01-02T12:00:00Z" });
  });

  test("a session that is known to lack a member is refused, with what to do instead", () => {
    const fault = (() => {
      try {
        return choosePoint({ kind: "session", session: "shop-2" }, known);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(fault).toBeInstanceOf(UserError);
    expect(fault).toMatchObject({
      code: "RECOVERY_POINT_INCOMPLETE",
      message: "session shop-2 did not save web",
      next: "take shop-1; or restore what it holds: --member db",
    });
    expect(choosePoint({ kind: "session", session: "demo/shop-2" }, { ...known, members: ["db"] }).point?.session).toBe(
      "shop-2",
    );
  });

  test("a session that no object knows is left to the repository", () => {
    expect(choosePoint({ kind: "session", session: "old-1" }, known)).toEqual({
      spec: { session: "old-1" },
      point: undefined,
    });
  });
});

describe("members", () => {
  test("are all, or those that are named, in the batch's order", () => {
    const members = membersOfInvoker(aBatch());
    expect(chooseMembers(members, []).map(({ name }) => name)).toEqual(["db", "web"]);
    expect(chooseMembers(members, ["web", "db"]).map(({ name }) => name)).toEqual(["db", "web"]);
    expect(chooseMembers(members, ["web,db"]).map(({ name }) => name)).toEqual(["db", "web"]);
    expect(() => chooseMembers(members, ["wbe"])).toThrow(/no member wbe/);
  });

  test("that had joined by their label are remembered from the newest session that has them", () => {
    const joined = (path: string) => ({
      member: { target: { volumeMounts: [{ name: "files", mountPath: path }], paths: [path] } },
    });
    const sessions = [
      aSession({ name: "old", hoursAgo: 9, targets: [{ alias: "extra", more: joined("/old") }] }),
      aSession({ name: "new", hoursAgo: 2, targets: [{ alias: "db" }, { alias: "extra", more: joined("/new") }] }),
      aSession({ name: "else", batch: "blog", hoursAgo: 1, targets: [{ alias: "extra", more: joined("/blog") }] }),
    ];
    expect(rememberedMembers(sessions, "shop")).toMatchObject([
      {
        name: "extra",
        spec: { target: { alias: "extra", ref: { name: "extra" }, volumeMounts: [{ mountPath: "/new" }] } },
      },
    ]);
  });
});

const DATABASE = {
  target: { alias: "db", ref: { apiVersion: "appcatalog.appscode.com/v1alpha1", kind: "AppBinding", name: "db" } },
  task: { name: "mariadb-backup-10.5.23", params: [{ name: "args", value: "--all-databases" }] },
  hooks: { preBackup: { exec: { command: ["sync"] } } },
};
const WEB = {
  target: {
    alias: "web",
    ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    paths: ["/data"],
    exclude: ["*.tmp"],
    volumeMounts: [{ name: "files", mountPath: "/data" }],
  },
  dependsOn: ["db"],
};
const batch = aBatch({ spec: { members: [DATABASE, WEB], executionOrder: "Sequential", timeOut: "1h" } });

function build(names: readonly string[] = []) {
  const members = chooseMembers(membersOfInvoker(batch), names);
  const choice = { spec: { session: "shop-1" }, point: points[1] };
  return { members, restore: buildRestore({ invoker: batch, members, choice, name: restoreName("shop", NOW_MS) }) };
}

describe("the RestoreBatch", () => {
  test("has the batch's members, with the other half of their tasks, and nothing of backups alone", () => {
    expect(build().restore).toEqual({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "RestoreBatch",
      metadata: { name: "shop-restore-1893585600", namespace: "demo" },
      spec: {
        repository: { name: "store" },
        session: "shop-1",
        executionOrder: "Sequential",
        timeOut: "1h",
        members: [
          { target: DATABASE.target, task: { name: "mariadb-restore-10.5.23" } },
          {
            target: { alias: "web", ref: WEB.target.ref, volumeMounts: WEB.target.volumeMounts },
            dependsOn: ["db"],
          },
        ],
      },
    });
  });

  test("is one that the webhook finds nothing wrong with", () => {
    for (const names of [[], ["web"], ["db"]]) {
      expect(findRestoreInvokerFindings(parseRestoreBatch(build(names).restore))).toEqual([]);
    }
  });

  test("of single members depends on no other", () => {
    expect(build(["web"]).restore.spec.members).toMatchObject([{ target: { alias: "web" } }]);
    expect(JSON.stringify(build(["web"]).restore)).not.toContain("dependsOn");
  });

  test("of a BackupConfiguration is one of its target", () => {
    const { spec } = aBatch();
    const { members: _members, ...shared } = spec;
    const invoker = parseBackupConfiguration({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupConfiguration",
      metadata: { name: "files", namespace: "demo" },
      spec: { ...shared, target: WEB.target },
    });
    const members = membersOfInvoker(invoker);
    const restore = buildRestore({
      invoker,
      members,
      choice: { spec: { session: "s" }, point: undefined },
      name: "back",
    });
    expect(restore.spec.members).toMatchObject([{ target: { alias: "web" } }]);
    expect(findRestoreInvokerFindings(parseRestoreBatch(restore))).toEqual([]);
  });

  test("can't be made for a task without a known other half", () => {
    const invoker = aBatch({ spec: { members: [{ ...DATABASE, task: { name: "dump-it" } }] } });
    const order = {
      invoker,
      members: membersOfInvoker(invoker),
      choice: { spec: { session: "s" }, point: undefined },
      name: "x",
    };
    expect(() => buildRestore(order)).toThrow(/Task dump-it does not say/);
  });

  test("tells what it does not take over", () => {
    expect(build().members.flatMap(leftOut)).toEqual(["parameters of the task of db (args)", "backup hooks of db"]);
  });
});

describe("the plan", () => {
  const { restore, members } = build();
  const view: PlanView = {
    restore,
    members,
    point: points[1],
    targets: new Map([
      ["Deployment/demo/web", { replicas: 2 }],
      ["AppBinding/demo/db", { replicas: 1 }],
    ]),
    hasRepository: true,
    missingTasks: [],
    sessions: [],
    restores: [],
  };

  test("tells members in order, their snapshots, and what restarts", () => {
    expect(decidePlan(view)).toMatchObject({
      point: { session: "shop-1", isComplete: true },
      members: [
        { name: "db", step: 1, how: "Job with Task mariadb-restore-10.5.23", restarts: "nothing", sizeBytes: 2_048 },
        { name: "web", step: 2, restarts: "its 2 pods", snapshots: [{ id: "webaaaabbbb" }] },
      ],
      waitsFor: [],
    });
  });

  test("members that wait for nobody start together", () => {
    const parallel = { ...restore, spec: { ...restore.spec, executionOrder: "Parallel" as const } };
    const free = {
      ...parallel,
      spec: { ...parallel.spec, members: parallel.spec.members?.map(({ dependsOn: _no, ...rest }) => rest) },
    };
    expect(decidePlan({ ...view, restore: parseRestoreBatch(free) }).members.map(({ step }) => step)).toEqual([1, 1]);
    expect(decidePlan({ ...view, restore: parseRestoreBatch(parallel) }).members.map(({ step }) => step)).toEqual([
      1, 2,
    ]);
  });

  test("tells what it would wait for", () => {
    const running = aSession({ name: "shop-3", phase: "Running", targets: [{ alias: "web", phase: "Running" }] });
    const other = parseRestoreBatch({
      ...restore,
      metadata: { name: "earlier", namespace: "demo" },
      status: { phase: "Running" },
    });
    const { waitsFor } = decidePlan({
      ...view,
      targets: new Map([["Deployment/demo/web", undefined]]),
      hasRepository: false,
      missingTasks: ["mariadb-restore-10.5.23"],
      sessions: [running, aSession()],
      restores: [other, parseRestoreBatch({ ...other, status: { phase: "Succeeded" } })],
    });
    expect(waitsFor).toEqual([
      "Repository store does not exist",
      "Task mariadb-restore-10.5.23 does not exist",
      "Deployment demo/web does not exist: it is waited for",
      "BackupSession shop-3 of the same targets is Running",
      "RestoreBatch earlier of the same targets is Running",
    ]);
  });

  test("is a text that says that nothing was changed", () => {
    const text = formatPlan(restore, decidePlan(view), { nowMs: NOW_MS, width: undefined }).join("\n");
    expect(text).toContain("a dry run, nothing was changed");
    expect(text).toContain(`shop-1 of ${hoursAgo(5)} (5h ago)`);
    expect(text).toMatch(/2 +web +Deployment demo\/web +init-container of its pods +webaaaab +2\.000 KiB +its 2 pods/);
    for (const line of formatPlan(restore, decidePlan(view), { nowMs: NOW_MS, width: 60 }).slice(3, 7)) {
      expect([...line].length).toBeLessThanOrEqual(60);
    }
  });
});
