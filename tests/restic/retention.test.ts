import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tagSnapshots } from "../../agent/job/tag-snapshots.ts";
import { runAction } from "../../agent/maintain/actions.ts";
import type { ActionPorts } from "../../agent/maintain/ports.ts";
import { gatherListing, type Listing, toTell } from "../../agent/maintain/told-points.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import { parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { ListedPoint } from "../../shared/api/recovery-point.ts";
import { readRecoveryPoints } from "../../shared/snapshots/recovery-points.ts";
import { invokerTag, type SnapshotOrigin } from "../../shared/snapshots/tags.ts";
import { createResticWorld, ORIGIN, type ResticWorld } from "../support/restic/restic-world.ts";

const signal = new AbortController().signal;
let world: ResticWorld;
let restic: Restic;

beforeAll(async () => {
  world = await createResticWorld();
  restic = await world.open();
  await ensureRepository(restic, signal);
  await writeFile(join(world.data, "file"), "content");
});

afterAll(() => world?.stop());

function originOf(day: number, member: number, change: Partial<SnapshotOrigin["invoker"]> = {}): SnapshotOrigin {
  return {
    session: { namespace: "demo", name: `s-${day}`, time: `2026-01-0${day}T00:00:00Z` },
    invoker: { ...ORIGIN.invoker, ...change },
    target: { ...ORIGIN.target, name: member === 1 ? "app" : "db" },
    part: { member, members: 2, hosts: 1 },
  };
}

async function save(day: number, member: number, change: Partial<SnapshotOrigin["invoker"]> = {}): Promise<void> {
  const origin = originOf(day, member, change);
  const [outcome] = await world.backup(restic, { hostname: origin.target.name, origin });
  expect(outcome).toMatchObject({ kind: "saved" });
}

function retain(policy: ActionPorts["policy"], day: number, told: Partial<ActionPorts> = {}) {
  return runAction("ApplyRetentionPolicy", {
    restic,
    signal,
    policy,
    scope: () => ({
      invokerTag: invokerTag(ORIGIN.invoker),
      sessionTag: `session=demo/s-${day}`,
      untagged: [],
    }),
    readDataSubset: undefined,
    withLock: (run) => run(),
    ...told,
  });
}

async function points() {
  return readRecoveryPoints(await restic.snapshots({})).map(({ session, cluster, snapshots }) => [
    session,
    cluster,
    snapshots.map(({ hostname }) => hostname).sort(),
  ]);
}

describe("D4: retention with restic itself", () => {
  test("leaves the last complete point when a member fails twice, and takes it when newer ones are complete", async () => {
    for (const member of [1, 2]) await save(1, member);
    await save(2, 1);
    await save(3, 1);
    const policy = { name: "two", keepLast: 2, prune: false };
    expect(await retain(policy, 3)).toEqual({ kind: "done", facts: { kept: 4, removed: 0 } });
    for (const member of [1, 2]) await save(4, member);
    for (const member of [1, 2]) await save(4, member, { cluster: "another" });
    for (const member of [1, 2]) await save(5, member);
    expect(await retain({ ...policy, dryRun: true }, 5)).toMatchObject({ facts: { kept: 8, removed: 0 } });
    const told: ListedPoint[] = [];
    const list = ({ points: found }: Listing) => told.push(...found);
    expect(await retain(policy, 5, { onListed: list })).toEqual({ kind: "done", facts: { kept: 4, removed: 4 } });
    expect(told.map(({ session, complete, keptBy, cluster }) => [session, complete, keptBy, cluster])).toEqual([
      ["s-5", true, ["keepLast"], "of-tests"],
      ["s-4", true, ["keepLast"], "of-tests"],
    ]);
    const size = "content".length;
    expect(told[0]).toMatchObject({
      time: "2026-01-05T00:00:00.000Z",
      members: [{ name: "app" }, { name: "db" }],
      // restic before 0.17 writes no sizes down.
      ...(told[0]?.sizeBytes !== undefined && { sizeBytes: 2 * size }),
    });
    const all = await gatherListing(restic, undefined, { signal, log: world.log });
    expect(all?.points.map(({ session, cluster }) => [session, cluster])).toEqual([
      ["s-5", "of-tests"],
      ["s-4", "of-tests"],
      ["s-4", "another"],
    ]);
    expect(await points()).toEqual([
      ["s-5", "of-tests", ["app", "db"]],
      ["s-4", "of-tests", ["app", "db"]],
      ["s-4", "another", ["app", "db"]],
    ]);
  });
});

test("D4: what another's program saved becomes part of the point", async () => {
  await save(6, 1);
  const lines: string[] = [];
  const added = await restic.run(["backup", "--json", "--host", "db", world.data], {
    onLine: (line) => lines.push(line),
  });
  expect(added.code).toBe(0);
  const name = /"snapshot_id":"([0-9a-f]{8})/.exec(lines.at(-1) ?? "")?.[1] ?? "";
  const run = parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { namespace: "demo", name: "r" },
    spec: {
      work: "Backup",
      run: { kind: "BackupSession", name: "s-6" },
      targetIndex: 1,
      target: { apiVersion: "apps/v1", kind: "Deployment", name: "db" },
      host: "db",
      pod: { name: "p", uid: "u" },
      backup: {
        invoker: { kind: "BackupConfiguration", name: "nightly" },
        cluster: "of-tests",
        hosts: 1,
        members: 2,
        time: "2026-01-06T00:00:00Z",
      },
    },
  });
  const ports = { restic, signal, withLock: (call: () => ReturnType<Restic["run"]>) => call() };
  await tagSnapshots(run, [{ name, path: world.data }], ports);
  expect((await points())[0]).toEqual(["s-6", "of-tests", ["app", "db"]]);
  // Its id stays what the addon told, whole or short.
  expect((await restic.snapshots({})).some(({ id }) => id.startsWith(name))).toBe(true);
  const [earlier] = (await restic.snapshots({})).filter(({ tags }) => tags.includes("session=demo/s-5"));
  await expect(tagSnapshots(run, [{ name: earlier?.id ?? "" }], ports)).rejects.toMatchObject({
    code: "SNAPSHOT_NOT_FOUND",
    message: expect.stringContaining("demo/s-5"),
  });
  expect(await retain({ name: "one", keepLast: 1, prune: false }, 6)).toEqual({
    kind: "done",
    facts: { kept: 2, removed: 4 },
  });
  // What is part of no recovery point is not called saved.
  const again = await restic.run(["backup", "--json", "--host", "db", world.data], {
    onLine: (line) => lines.push(line),
  });
  expect(again.code).toBe(0);
  const second = /"snapshot_id":"([0-9a-f]{8})/.exec(lines.at(-1) ?? "")?.[1] ?? "";
  const refused = tagSnapshots(run, [{ name: second, path: world.data }], {
    ...ports,
    withLock: async () => ({
      code: 1,
      tail: ["unable to create lock in backend: repository is already locked exclusively by PID 1 on x"],
      stopped: undefined,
      signal: undefined,
      durationMs: 0,
    }),
  });
  await expect(refused).rejects.toMatchObject({ code: "REPOSITORY_LOCKED" });
  // What is not there was not saved, and what is another session's was not saved now.
  await expect(tagSnapshots(run, [{ name: "00000000" }], ports)).rejects.toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
});

test("D25: a host that a StatefulSet did not have then begins empty, and says so", async () => {
  const target = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "demo", name: "db" } as const;
  const [id = ""] = (await restic.snapshots({})).map((snapshot) => snapshot.id);
  const point = { session: "s-6", snapshots: [{ target, hostname: "host-0", path: world.data, id, hosts: 1 }] };
  const restore = (hostname: string, rules: readonly object[] = []) =>
    world.restore(restic, { host: { target, alias: undefined, hostname, podName: undefined }, rules, point });
  expect(await restore("host-1")).toMatchObject({
    failure: undefined,
    restored: [],
    warnings: [expect.stringContaining("host host-1")],
  });
  expect((await restore("db-1")).failure?.code).toBe("SNAPSHOT_NOT_FOUND");
  expect((await restore("host-1", [{ sourceHost: "host-7" }])).failure?.code).toBe("SNAPSHOT_NOT_FOUND");
});

describe("snapshots that somebody deletes", () => {
  const remove = (deleted: readonly string[]) =>
    runAction("DeleteSnapshots", {
      restic,
      signal,
      policy: undefined,
      scope: () => ({ invokerTag: undefined, sessionTag: "", untagged: [] }),
      readDataSubset: undefined,
      deleted,
      withLock: (run) => run(),
    });

  test("go, also under the id that they had before their tags changed, and no other does", async () => {
    const before = await restic.snapshots({});
    const [first, second] = before;
    await restic.run(["tag", "--add", "kept", second?.id ?? ""], { signal });
    const outcome = await remove([first?.id ?? "", second?.id ?? ""]);
    expect(outcome).toMatchObject({ kind: "done", facts: { removed: 2 } });
    const left = await restic.snapshots({});
    expect(left.map(({ id }) => id).sort()).toEqual(
      before
        .slice(2)
        .map(({ id }) => id)
        .sort(),
    );
    expect((await restic.run(["check"], { signal })).code).toBe(0);
  });

  test("that are gone are no fault, and what is no id never reaches restic", async () => {
    const before = await restic.snapshots({});
    expect(await remove(["0".repeat(64)])).toMatchObject({ kind: "done", facts: { removed: 0 } });
    for (const id of ["--prune", "latest", "", before[0]?.id.slice(0, 8) ?? ""]) {
      const outcome = await remove([id]);
      if (outcome.kind === "done") expect(outcome.facts.removed).toBe(0);
      else expect(outcome.failure.error.code).toBe("INVALID_OBJECT");
    }
    expect(await restic.snapshots({})).toHaveLength(before.length);
  });

  test("all are told with what the Snapshot API shows of them", async () => {
    const listing = await gatherListing(restic, undefined, { signal, log: world.log });
    const listed = (listing && toTell(listing).listedSnapshots) ?? [];
    expect(listed.find(({ tags = [] }) => tags.length > 0)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      time: expect.any(String),
      hostname: expect.stringMatching(/^(app|db)$/),
      username: expect.any(String),
      // restic writes no zero down.
      ...(process.getuid?.() !== 0 && { uid: process.getuid?.(), gid: process.getgid?.() }),
      tree: expect.stringMatching(/^[0-9a-f]{64}$/),
      paths: [world.data],
      tags: expect.arrayContaining([expect.stringMatching(/^session=demo\/s-/)]),
    });
  });
});
