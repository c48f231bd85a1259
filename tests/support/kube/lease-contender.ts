/**
 * A process that contends for a lease and says on stdout what happens: one JSON line `{event, at}` each, and a line
 * `leading` every 50 ms while it may act. Ends cleanly on SIGTERM.
 *
 * Arguments: kubeconfig, namespace, lease, identity.
 */
import { LeaderElection } from "../../../shared/kube/election/lease.ts";
import { openTestClient } from "./test-client.ts";

/** Short, so that a test need not wait; in the proportions of the real ones. */
export const CONTENDER_TIMINGS = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryMs: 400 };

function say(event: string): void {
  process.stdout.write(`${JSON.stringify({ event, at: Date.now() })}\n`);
}

if (import.meta.main) {
  const [kubeconfigPath = "", namespace = "", name = "", identity = ""] = process.argv.slice(2);
  const { client } = await openTestClient(kubeconfigPath);
  const election = new LeaderElection({
    client,
    namespace,
    name,
    identity,
    timings: CONTENDER_TIMINGS,
    onAcquired: () => say("acquired"),
    onLost: (why) => say(`lost: ${why}`),
    onFault: () => say("fault"),
  });
  election.start();
  const acting = setInterval(() => {
    if (election.isLeader()) say("leading");
  }, 50);
  process.once("SIGTERM", async () => {
    await election.stop();
    clearInterval(acting);
    client.close();
    say("stopped");
  });
  say("contending");
}
