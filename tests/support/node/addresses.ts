/**
 * The addresses of test clusters: all of 198.18.0.0/15, which is set aside for tests and used by no network of a machine.
 * Each cluster has a block of its own: one network of nodes, and one of pods for each node.
 */

/** How many clusters fit on one machine; each has a /22. */
export const MOST_CLUSTERS = 64;
/** Nodes of one cluster: the first /24 of its block is their network, and each of the others holds one node's pods. */
export const MOST_NODES = 3;

/** Cluster addresses of Services. They mean something inside of nodes alone, so that all clusters have the same. */
export const SERVICE_CIDR = "198.19.240.0/20";
/** The first of them: that of the Service `kubernetes`. */
export const KUBERNETES_SERVICE_IP = "198.19.240.1";
export const CLUSTER_DOMAIN = "cluster.local";

export interface ClusterAddresses {
  readonly index: number;
  /** Interface on this machine; a name has at most 15 characters. */
  readonly bridge: string;
  /** This machine's address in the network of the nodes: the API server and the names of Services answer there. */
  readonly gateway: string;
  readonly prefixLength: number;
  /** Range of all pods. */
  readonly clusterCidr: string;
}

export interface NodeAddresses {
  readonly address: string;
  readonly podCidr: string;
  /** End of the node's cable on this machine. */
  readonly interface: string;
}

/** @param index 0 to MOST_CLUSTERS - 1 */
export function clusterAddresses(index: number): ClusterAddresses {
  if (!Number.isInteger(index) || index < 0 || index >= MOST_CLUSTERS) throw new Error(`no cluster ${index}`);
  const block = index * 4;
  return {
    index,
    bridge: `stashtest${index}`,
    gateway: `198.18.${block}.1`,
    prefixLength: 24,
    clusterCidr: `198.18.${block}.0/22`,
  };
}

/** @param number 1 to MOST_NODES */
export function nodeAddresses({ index }: ClusterAddresses, number: number): NodeAddresses {
  if (!Number.isInteger(number) || number < 1 || number > MOST_NODES) throw new Error(`no node ${number}`);
  const block = index * 4;
  return {
    address: `198.18.${block}.${10 + number}`,
    podCidr: `198.18.${block + number}.0/24`,
    interface: `stashtest${index}n${number}`,
  };
}

/** Every address that an API server of a test may have in a network of nodes. */
export function allGateways(): readonly string[] {
  return Array.from({ length: MOST_CLUSTERS }, (_, index) => clusterAddresses(index).gateway);
}
