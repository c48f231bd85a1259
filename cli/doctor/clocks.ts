/** Whether the clocks of the pods go with the API server's: schedules and certificates depend on it. */
import { LeaseName } from "../../shared/contract.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { LEASES } from "../cluster/resources.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

const MOST_SKEW_MS = 10_000;
/** Holders renew every few seconds; after this nobody holds it. */
const MOST_SILENCE_MS = 60_000;
const SECOND_MS = 1_000;

export interface LeaseView {
  readonly name: string;
  /** Undefined when nobody ever held it. */
  readonly renewedAtMs: number | undefined;
}

export async function gatherLeases(client: Pick<KubeClient, "find">, namespace: string): Promise<readonly LeaseView[]> {
  return Promise.all(
    [LeaseName.Reconciler, LeaseName.Certs].map(async (name) => {
      const renewTime = textAt(await client.find(LEASES, namespace, name, asIs), "spec", "renewTime");
      return { name, renewedAtMs: renewTime === undefined ? undefined : Date.parse(renewTime) };
    }),
  );
}

/**
 * @param serverMs the API server's clock, which tells whole seconds
 * @param ownMs this machine's clock at that moment
 */
export function checkClocks(leases: readonly LeaseView[], serverMs: number, ownMs: number): readonly Finding[] {
  return [...leases.map((lease) => checkLease(lease, serverMs)), checkOwnClock(serverMs, ownMs)];
}

function checkLease({ name, renewedAtMs }: LeaseView, serverMs: number): Finding {
  const check = `lease ${name}`;
  const logs = "look at the programs' logs: they say why the Lease is not held";
  if (renewedAtMs === undefined) return fault(check, "nobody holds it, so nothing is done", logs);
  const aheadMs = renewedAtMs - serverMs;
  if (aheadMs > MOST_SKEW_MS) {
    const message = `its holder's clock is ${formatSeconds(aheadMs)} ahead of the API server's`;
    return fault(check, message, "synchronise the nodes' clocks (NTP)");
  }
  if (-aheadMs > MOST_SILENCE_MS) {
    const message = `it was renewed ${formatSeconds(-aheadMs)} ago: nobody holds it, or the holder's clock is behind`;
    return fault(check, message, `${logs}; else synchronise the nodes' clocks (NTP)`);
  }
  return ok(check, "held, and its holder's clock goes with the API server's");
}

function checkOwnClock(serverMs: number, ownMs: number): Finding {
  const check = "clock of this machine";
  const skewMs = Math.abs(ownMs - serverMs);
  if (skewMs <= MOST_SKEW_MS) return ok(check, "goes with the API server's");
  const message = `differs from the API server's by ${formatSeconds(skewMs)}`;
  return warning(check, message, "synchronise this machine's clock; what follows may be told with wrong times");
}

function formatSeconds(ms: number): string {
  return `${Math.round(ms / SECOND_MS)} s`;
}
