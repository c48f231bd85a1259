/**
 * The network of the pods of one cluster: a bridge in a network namespace of its own, a veth pair for each pod, and one
 * more pair that lets this machine (the API server, probes, tests) reach the pods. Nothing is forwarded: a pod reaches
 * other pods, Services and this machine's end of the bridge, and nothing beyond.
 *
 * Addresses come from 198.18.0.0/15, which is set apart for test networks and is routed nowhere. They cannot be
 * loopback addresses: the API server refuses those in Endpoints.
 */
import { killIfAlive, type NamespaceHolder, startHolder } from "./namespace-holder.ts";
import { runShell } from "./shell.ts";

export type NetworkMode = "namespaces" | "shared";

export interface PodAddress {
  readonly ip: string;
}

export interface NodeNetwork {
  readonly mode: NetworkMode;
  /** This machine's address on the bridge; the node's InternalIP and kubelet address. */
  readonly gateway: string;
  /** Pid namespace of all pods, and network namespace of the bridge when the mode is `namespaces`. */
  readonly holder: NamespaceHolder;
  /** Reserves an address for a pod. @throws Error when all 1,000 are taken */
  reserve(): PodAddress;
  /** Gives the pod's namespaces the reserved address. */
  attach(pod: NamespaceHolder, address: PodAddress): Promise<void>;
  release(address: PodAddress): Promise<void>;
  stop(): Promise<void>;
}

/** 128 networks of 1,022 addresses fit into 198.18.0.0/15. */
const NETWORKS = 128;
const HOSTS = 1_022;

/**
 * @param serviceCidr addresses of Services, which pods look for on the bridge
 * @param mode `shared` gives pods this machine's network and an address on its loopback interface: two pods then
 *   cannot listen on one port of all addresses. Without a mode, namespaces where the kernel grants them.
 * @param onFallback told why pods share this machine's network though nobody asked for it
 */
export async function startNodeNetwork(
  serviceCidr: string,
  mode: NetworkMode | undefined,
  onFallback: (reason: unknown) => void,
): Promise<NodeNetwork> {
  if (mode !== "shared") {
    try {
      return await startBridged(serviceCidr);
    } catch (error) {
      if (mode === "namespaces") throw error;
      onFallback(error);
    }
  }
  return await startShared();
}

async function startBridged(serviceCidr: string): Promise<NodeNetwork> {
  // An address of its own, else the bridge takes that of its newest port and pods talk to one that is gone.
  const bridge = "ip link add br0 address 02:00:00:00:00:01 type bridge";
  const script = ["ip link set lo up", bridge, "ip link set br0 up"].join("\n");
  const holder = await startHolder({ unshare: ["--net"], script });
  try {
    const { device, octets } = await claimSubnet(holder);
    const gateway = addressOf(octets, 0);
    await runShell(`ip addr add ${gateway}/22 dev ${device}\nip link set ${device} up`);
    const wayBack = `ip route add ${gateway.replace(/\d+$/, "0")}/22 dev br0`;
    await runShell(`ip link set up0 master br0\nip link set up0 up\n${wayBack}`, inNetOf(holder.pid));
    const addresses = new AddressPool(octets);
    return {
      mode: "namespaces",
      gateway,
      holder,
      reserve: () => addresses.take(),
      async attach(pod, { ip }) {
        const port = `p${pod.pid}`;
        await runShell(
          `ip link add ${port} type veth peer name eth0 netns ${pod.pid}\nip link set ${port} master br0 up`,
          inNetOf(holder.pid),
        );
        const lines = [
          "ip link set lo up",
          `ip addr add ${ip}/22 dev eth0`,
          "ip link set eth0 up",
          `ip route add ${serviceCidr} dev eth0`,
        ];
        await runShell(lines.join("\n"), inNetOf(pod.pid));
      },
      release: async (address) => addresses.give(address),
      stop: () => holder.end(),
    };
  } catch (error) {
    await holder.end();
    throw error;
  }
}

async function startShared(): Promise<NodeNetwork> {
  const holder = await startHolder({ unshare: [], script: "" });
  // The holder's number makes the network's: unique among networks that live at the same time, but for wrap-around.
  const octets = octetsOf(holder.pid % NETWORKS);
  const addresses = new AddressPool(octets);
  const gateway = addressOf(octets, 0);
  await runShell(`ip addr replace ${gateway}/32 dev lo`);
  return {
    mode: "shared",
    gateway,
    holder,
    reserve: () => addresses.take(),
    attach: async (_pod, { ip }) => void (await runShell(`ip addr replace ${ip}/32 dev lo`)),
    async release(address) {
      await runShell(`ip addr del ${address.ip}/32 dev lo`);
      addresses.give(address);
    },
    async stop() {
      killIfAlive(holder.pid, "SIGKILL");
      await holder.end();
      await runShell(`ip addr del ${gateway}/32 dev lo`);
    },
  };
}

/** A prefix to run a program in the network namespace of a process. */
export function inNetOf(pid: number): readonly string[] {
  return ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];
}

/** Making the interface is the claim: a name that exists already belongs to another network. */
async function claimSubnet(holder: NamespaceHolder): Promise<{ device: string; octets: readonly [number, number] }> {
  const first = holder.pid % NETWORKS;
  let failure: unknown;
  for (let offset = 0; offset < NETWORKS; offset++) {
    const index = (first + offset) % NETWORKS;
    const device = `pods${index}`;
    try {
      await runShell(`ip link add ${device} type veth peer name up0 netns ${holder.pid}`);
      return { device, octets: octetsOf(index) };
    } catch (error) {
      failure = error;
      if (!(error instanceof Error && error.message.includes("File exists"))) break;
    }
  }
  throw failure;
}

/** Second and third octet of the n-th /22. */
function octetsOf(index: number): readonly [number, number] {
  return [18 + (index >> 6), (index & 63) * 4];
}

/** Host 0 is the gateway. */
function addressOf([second, third]: readonly [number, number], host: number): string {
  const number = host + 1;
  return `198.${second}.${third + (number >> 8)}.${number & 255}`;
}

/** Hands out addresses in turn, so that a late packet to a pod that is gone meets nobody. */
class AddressPool {
  readonly #octets: readonly [number, number];
  readonly #taken = new Set<string>();
  #last = 0;

  constructor(octets: readonly [number, number]) {
    this.#octets = octets;
  }

  take(): PodAddress {
    for (let tries = 0; tries < HOSTS - 2; tries++) {
      this.#last = (this.#last % (HOSTS - 2)) + 1;
      const ip = addressOf(this.#octets, this.#last);
      if (this.#taken.has(ip)) continue;
      this.#taken.add(ip);
      return { ip };
    }
    throw new Error("every pod address is taken");
  }

  give(address: PodAddress): void {
    this.#taken.delete(address.ip);
  }
}
