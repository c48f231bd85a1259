/** Says when a webhook configuration of our name calls somebody else's webhook. */
import type { KeeperPorts } from "./keeper-ports.ts";
import { otherCalls, type WebhookConfiguration } from "./webhook-configurations.ts";

/** Tells each such call once, and again when it came back. */
export function createOtherOwners({
  log,
  recordEvent,
  names,
}: Pick<KeeperPorts, "log" | "recordEvent" | "names">): (configurations: readonly WebhookConfiguration[]) => void {
  let told: ReadonlySet<string> = new Set();
  return (configurations) => {
    const problems = configurations.flatMap((configuration) =>
      otherCalls(configuration, names).map((calls) => formatOther(configuration, calls)),
    );
    for (const problem of problems) {
      if (told.has(problem)) continue;
      log.warn({ problem }, "webhook configuration has another owner");
      recordEvent("Warning", "WebhookCallsElsewhere", problem);
    }
    told = new Set(problems);
  };
}

function formatOther({ kind, name }: WebhookConfiguration, calls: string): string {
  return (
    `${kind} ${name} calls ${calls}, which is not this webhook: it is left as it is. See its owner with ` +
    `kubectl get ${kind.toLowerCase()} ${name} --show-managed-fields -o yaml; end that one, then apply this installation with --force-conflicts`
  );
}
