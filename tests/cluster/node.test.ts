/** Nodes of test clusters: what they leave behind, and what they find taken. */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, expect, test } from "vitest";
import { parseJson, textAt } from "../../shared/json/value.ts";
import { processesThatName } from "../support/control-plane/processes-of.ts";
import { type SupervisedProcesses, superviseProcesses } from "../support/control-plane/supervised-processes.ts";
import { eventually } from "../support/eventually.ts";
import { clusterAddresses } from "../support/node/addresses.ts";
import { makeClusterNetwork } from "../support/node/cluster-network.ts";

const SOON_MS = 30_000;
const opened: SupervisedProcesses[] = [];

afterAll(() => Promise.all(opened.map((processes) => processes.finish())));

async function supervise(): Promise<SupervisedProcesses> {
  const dir = join(tmpdir(), `stash-batch-network-${randomBytes(4).toString("hex")}`);
  const processes = await superviseProcesses(dir, () => undefined);
  opened.push(processes);
  return processes;
}

function hasInterface(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`);
}

/** One interface of this machine: its name is another's as soon as it is gone, its number is not. */
interface Interface {
  readonly name: string;
  readonly number: string;
}

function interfaceOf(name: string): Interface {
  return { name, number: readFileSync(`/sys/class/net/${name}/ifindex`, "utf8") };
}

function isThere({ name, number }: Interface): boolean {
  try {
    return interfaceOf(name).number === number;
  } catch {
    return false;
  }
}

function textsOf(value: unknown, field: string): readonly string[] {
  const list: unknown = Reflect.get(Object(value), field);
  return Array.isArray(list) ? list.map(String) : [];
}

test("a block of addresses that is in use is left alone, one that a killed run left is taken over", async () => {
  const first = await makeClusterNetwork(await supervise());
  const left = clusterAddresses(first.index + 1).bridge;
  // Another run may have that block, and then it must be passed over as well.
  const isOurs = !hasInterface(left);
  if (isOurs) {
    execFileSync("ip", ["link", "add", left, "type", "bridge"]);
    execFileSync("ip", ["link", "set", left, "alias", "4194304 1"]);
  }
  const second = await makeClusterNetwork(await supervise());
  expect(second.bridge).not.toBe(first.bridge);
  expect(second.bridge === left).toBe(isOurs);
  const bridges = [first, second].map(({ bridge }) => interfaceOf(bridge));
  for (const processes of opened) await processes.finish();
  expect(bridges.filter(isThere)).toEqual([]);
});

test("an owner that is killed leaves no process, no mount, no interface, no control group and no folder", async () => {
  const program = join(import.meta.dirname, "../support/node/main.ts");
  const owner = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: owner.stdout }).once("line", resolve);
    owner.once("exit", (code) => reject(new Error(`the owner ended with ${code}`)));
  });
  const held = parseJson(line);
  const bridge = interfaceOf(textAt(held, "bridge") ?? "");
  const folders = textsOf(held, "folders");
  const cgroups = textsOf(held, "cgroups");
  expect(folders).toHaveLength(2);

  owner.kill("SIGKILL");
  for (const folder of folders) {
    await eventually(async () => (await processesThatName(folder)).length, 0, SOON_MS);
    await eventually(() => existsSync(folder), false, SOON_MS);
  }
  await eventually(() => isThere(bridge), false, SOON_MS);
  const hierarchies = await readdir("/sys/fs/cgroup");
  const groups = cgroups.flatMap((name) => ["", ...hierarchies].map((at) => join("/sys/fs/cgroup", at, name)));
  await eventually(() => groups.some((path) => existsSync(path)), false, SOON_MS);
  const mounts = await readFile("/proc/self/mounts", "utf8");
  expect(folders.filter((folder) => mounts.includes(folder))).toEqual([]);
});
