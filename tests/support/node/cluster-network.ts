/** The network that the nodes of one cluster are plugged into: a bridge of this machine, and nothing beyond it. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { SupervisedProcesses } from "../control-plane/supervised-processes.ts";
import { type ClusterAddresses, clusterAddresses, MOST_CLUSTERS, MOST_NODES, nodeAddresses } from "./addresses.ts";

const run = promisify(execFile);

/**
 * Makes the bridge of a free block of addresses. It goes away with the processes that it is made for.
 *
 * @param processes whose supervisor takes the bridge away in the end, also when this process is killed
 * @throws Error when this is not root, there is no `ip` program, or all blocks are taken
 */
export async function makeClusterNetwork(processes: SupervisedProcesses): Promise<ClusterAddresses> {
  if (process.getuid?.() !== 0) throw new Error("a cluster with nodes needs root, for its networks and mounts");
  const owner = await describeProcess(processes.pid);
  for (let index = 0; index < MOST_CLUSTERS; index++) {
    const addresses = clusterAddresses(index);
    if (!(await take(addresses.bridge, owner))) continue;
    await processes.atEnd({ program: "ip", args: ["link", "delete", addresses.bridge] });
    // Namespaces of nodes that ended go a moment later, and their cables with them.
    for (let number = 1; number <= MOST_NODES; number++) {
      await ip("link", "delete", nodeAddresses(addresses, number).interface).catch(() => undefined);
    }
    await ip("address", "add", `${addresses.gateway}/${addresses.prefixLength}`, "dev", addresses.bridge);
    await ip("link", "set", addresses.bridge, "up");
    await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
    return addresses;
  }
  throw new Error(
    `all ${MOST_CLUSTERS} networks for test clusters are in use: end the runs that hold them (ip link show type bridge)`,
  );
}

/** To make a bridge is to take its block: it fails while another run has it. One whose run was killed is taken over. */
async function take(bridge: string, owner: string): Promise<boolean> {
  const made = await ip("link", "add", bridge, "type", "bridge").then(
    () => true,
    (error: unknown) => {
      if (String(error).includes("File exists")) return false;
      throw error;
    },
  );
  if (!made) {
    const holder = await readFile(`/sys/class/net/${bridge}/ifalias`, "utf8").catch(() => "");
    if (!(await isGone(holder.trim()))) return false;
    await ip("link", "delete", bridge).catch(() => undefined);
    return take(bridge, owner);
  }
  await ip("link", "set", bridge, "alias", owner);
  return true;
}

/** A process, told from a later one with its number by the time of its start. */
async function describeProcess(pid: number): Promise<string> {
  return `${pid} ${await readStartTime(pid)}`;
}

/** A bridge without a name of its owner was made this moment, or its maker died just then; who is careful leaves it. */
async function isGone(holder: string): Promise<boolean> {
  const [pid, startTime] = holder.split(" ");
  if (pid === undefined || startTime === undefined) return false;
  return (await readStartTime(Number(pid)).catch(() => undefined)) !== startTime;
}

async function readStartTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name of the program, in parentheses, may hold blanks; the start is the 20th field after it.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

/** Runs iproute2's program. @throws Error with its own words */
export async function ip(...args: readonly string[]): Promise<void> {
  await run("ip", [...args]);
}
