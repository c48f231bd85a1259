/** The certificates' keeper in a program of several replicas: whoever holds the Lease keeps, the others wait. */
import { LeaseName } from "../shared/contract.ts";
import { messageOf } from "../shared/errors.ts";
import type { KubeClient } from "../shared/kube/client/interface.ts";
import { LeaderElection, type LeaseTimings } from "../shared/kube/election/lease.ts";
import { createCertManagerCheck } from "./cert-manager-check.ts";
import { type CertificateKeeper, createCertificateKeeper } from "./certificate-keeper.ts";
import type { KeeperPorts } from "./keeper-ports.ts";

/** Who makes the certificates. */
export const CertificateMode = { Own: "own", CertManager: "cert-manager" } as const;
export type CertificateMode = (typeof CertificateMode)[keyof typeof CertificateMode];

export interface ElectedKeeperPorts extends KeeperPorts {
  readonly client: Pick<KubeClient, "find" | "create" | "patch" | "update">;
  readonly mode: CertificateMode;
  /** Different for every replica. */
  readonly identity: string;
  readonly leaseTimings?: Partial<LeaseTimings>;
}

export function createElectedKeeper(ports: ElectedKeeperPorts): CertificateKeeper {
  const { client, clock, log, identity } = ports;
  const keeper = ports.mode === CertificateMode.Own ? createCertificateKeeper(ports) : createCertManagerCheck(ports);
  const election = new LeaderElection({
    client,
    clock,
    identity,
    namespace: ports.secret.namespace,
    name: LeaseName.Certs,
    onAcquired: () => keeper.start(),
    onLost: () => keeper.stop(),
    onFault: (error) =>
      log.warn({ error: messageOf(error) }, "lease of the certificates not renewed; it is tried again"),
    ...(ports.leaseTimings && { timings: ports.leaseTimings }),
  });
  return { start: () => election.start(), stop: () => election.stop() };
}
