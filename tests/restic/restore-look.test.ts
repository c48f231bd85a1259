/** Which processes of restic a restore needs before it writes: each opens the repository anew. */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeVerdict } from "../../agent/backup/write-verdict.ts";
import type { Restic } from "../../agent/restic/client.ts";
import type { HostRestore } from "../../agent/restore/order.ts";
import { createResticWorld, ORIGIN, type ResticWorld } from "../support/restic/restic-world.ts";

let world: ResticWorld;
let restic: Restic;
let away: string;

beforeEach(async () => {
  world = await createResticWorld();
  const script = join(world.dir, "noting-restic");
  writeFileSync(script, `#!/bin/sh\necho "$1" >>${join(world.dir, "commands")}\nexec restic "$@"\n`);
  chmodSync(script, 0o755);
  restic = await world.open(undefined, {}, { STASH_RESTIC: script });
  away = join(world.dir, "away");
  await mkdir(away);
});

afterEach(() => world?.stop());

async function save(content: string, tag?: string): Promise<string> {
  await writeFile(join(world.data, "file"), content);
  const [outcome] = await world.backup(restic, tag === undefined ? {} : { args: ["--tag", tag] });
  if (outcome?.kind !== "saved") throw new Error(JSON.stringify(outcome));
  return outcome.snapshot.name ?? "";
}

/** @returns commands of restic, content of the file that came back, failure */
async function restore(wish: Partial<HostRestore>) {
  rmSync(join(world.dir, "commands"), { force: true });
  const { failure } = await world.restore(restic, { targetFolder: away, ...wish });
  const commands = readFileSync(join(world.dir, "commands"), "utf8").trim().split("\n");
  const content = failure === undefined ? readFileSync(join(away, world.data, "file"), "utf8") : undefined;
  return { commands, content, failure };
}

test("one snapshot is found and looked at by one process, beside which the list of all is read for the newest of a path", async () => {
  const first = await save("one");
  await save("two");
  const newest = await restore({ rules: [{ paths: [world.data] }] });
  expect(newest.commands.toSorted()).toEqual(["ls", "restore", "snapshots"]);
  expect(newest).toMatchObject({ content: "two", failure: undefined });
  const named = await restore({ rules: [{ snapshots: [first.slice(0, 10)] }] });
  expect(named).toEqual({ commands: ["ls", "restore"], content: "one", failure: undefined });
  const session = `${ORIGIN.session.namespace}/${ORIGIN.session.name}`;
  const snapshots = [{ target: ORIGIN.target, hostname: "host-0", path: world.data, id: first }];
  const ofPoint = await restore({ rules: [], point: { session, snapshots } });
  expect(ofPoint).toEqual({ commands: ["ls", "restore"], content: "one", failure: undefined });
});

test("one that is not whole, and those of another target alone, are not taken for the newest: the list of all decides", async () => {
  await save("whole");
  const part = await save("part");
  await writeVerdict(part, ["incomplete=FILES_UNREADABLE"], { restic, withLock: (run) => run() });
  const { commands, content } = await restore({ rules: [{ paths: [world.data] }] });
  expect(commands.toSorted()).toEqual(["ls", "ls", "restore", "snapshots"]);
  expect(content).toBe("whole");
  // Who names it has no other.
  expect((await restore({ rules: [{ snapshots: [part] }] })).content).toBe("part");
  const host = {
    target: { ...ORIGIN.target, name: "other" },
    alias: undefined,
    hostname: "host-0",
    podName: "other-1",
  };
  const ofOther = await restore({ host, rules: [{ paths: [world.data] }] });
  expect(ofOther.commands.toSorted()).toEqual(["ls", "snapshots"]);
  expect(ofOther.failure).toMatchObject({ code: "SNAPSHOT_NOT_FOUND", message: expect.stringMatching(/have one$/) });
});

test("a snapshot that does not exist is told with what there is, and nothing is written", async () => {
  const id = await save("one");
  for (const rule of [{ paths: ["/no/such"] }, { snapshots: ["0123abcd"] }]) {
    const { failure, commands } = await restore({ rules: [rule] });
    expect(failure?.code).toBe("SNAPSHOT_NOT_FOUND");
    expect(failure?.message).toContain(id.slice(0, 8));
    expect(commands).not.toContain("restore");
  }
  expect(await readdir(away)).toEqual([]);
});

/** Other bytes in the middle of a file of the repository. */
function damage(kind: string, id: string): void {
  const folder = join(world.repository, kind);
  const name = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((path) => path.includes(id));
  const path = join(folder, name ?? "");
  const content = readFileSync(path);
  content.fill(0xff, 40, 60);
  chmodSync(path, 0o600);
  writeFileSync(path, content);
  rmSync(join(world.dir, "scratch", "restic-cache"), { recursive: true, force: true });
}

test("a snapshot that can't be read is damage, and no snapshot that does not exist; another one is restored by its id", async () => {
  const first = await save("one");
  const second = await save("two");
  damage("snapshots", second);
  const rules = [
    { paths: [world.data] },
    { snapshots: [second.slice(0, 10)] },
    { snapshots: ["latest"] },
    { snapshots: [first, second] },
  ];
  for (const rule of rules) {
    const { failure, commands } = await restore({ rules: [rule] });
    expect(failure?.code, JSON.stringify(rule)).toBe("REPOSITORY_DAMAGED");
    expect(commands).not.toContain("restore");
  }
  expect(await restore({ rules: [{ snapshots: [first] }] })).toMatchObject({ content: "one", failure: undefined });
});

test("data that can't be read is damage at the first look, and nothing is written", async () => {
  const id = await save("one");
  const packs = readdirSync(join(world.repository, "data"), { recursive: true, encoding: "utf8" });
  for (const pack of packs.filter((path) => /[0-9a-f]{64}$/.test(path))) damage("data", pack.slice(-64));
  for (const rule of [{ paths: [world.data] }, { snapshots: [id] }]) {
    const { failure, commands } = await restore({ rules: [rule] });
    expect(failure?.code, failure?.message).toBe("REPOSITORY_DAMAGED");
    expect(commands.filter((command) => command !== "snapshots")).toEqual(["ls"]);
  }
});

test("what is no id of a snapshot never reaches restic", async () => {
  await save("one");
  for (const name of ["--password-command=touch /tmp/x", "-h", "0123ABCD", "latest~1", "0123 --no-lock", "a:b"]) {
    for (const snapshots of [[name], [name, "0123"]]) {
      rmSync(join(world.dir, "commands"), { force: true });
      const { failure } = await world.restore(restic, { targetFolder: away, rules: [{ snapshots }] });
      expect(failure).toMatchObject({ code: "INVALID_OBJECT", message: expect.stringContaining("rules[].snapshots") });
      expect(existsSync(join(world.dir, "commands"))).toBe(false);
    }
  }
});

test("a look that stands still is told as that, at once", async () => {
  await save("one");
  const script = join(world.dir, "still-restic");
  writeFileSync(script, `#!/bin/sh\necho "$1" >>${join(world.dir, "commands")}\nexec sleep 60\n`, { mode: 0o755 });
  restic = await world.open(undefined, {}, { STASH_RESTIC: script, STASH_STALL_LIMIT: "1s" });
  const { failure, commands } = await restore({ rules: [{ paths: [world.data] }] });
  expect(failure?.code).toBe("RESTIC_STALLED");
  expect(commands.filter((command) => command !== "snapshots")).toEqual(["ls"]);
});
