/** What `explain` prints: the decision, its reasons, the change as a diff, and what would restart. */
import { createTwoFilesPatch } from "diff";
import { stringify } from "yaml";
import type { StrategyState } from "../../shared/injection/strategy.ts";
import { INJECTION_REASONS } from "../../shared/reasons.ts";
import type { Decision, Reasons } from "../../webhook/decide.ts";

export interface Explanation {
  /** `Deployment demo/web`. */
  readonly workload: string;
  readonly decision: Decision;
  readonly podTemplate: unknown;
  /** Pods that run now; undefined when the workload is not in a cluster. */
  readonly replicas: number | undefined;
  /** How a changed template reaches the pods, as the workload says. */
  readonly strategy: string;
}

function formatReasons({ backup, restore }: Reasons): readonly string[] {
  return [
    `  backup:  ${backup}: ${INJECTION_REASONS[backup]}`,
    ...(restore === undefined ? [] : [`  restore: ${restore}: ${INJECTION_REASONS[restore]}`]),
  ];
}

function formatRestart({ decision, podTemplate, replicas, strategy }: Explanation): string {
  if (decision.kind !== "change" || decision.podTemplate === podTemplate) return "Nothing restarts.";
  if (replicas === undefined) return "It does not run yet, so nothing restarts.";
  if (replicas === 0) return "It has no replicas, so nothing restarts.";
  const pods = replicas === 1 ? "its pod is" : `its ${replicas} pods are`;
  if (strategy === "OnDelete") return `Its strategy is OnDelete: ${pods} replaced only when somebody deletes them.`;
  return `The pod template changes: ${pods} replaced (${strategy}).`;
}

function formatStrategy({ strategy, kept }: StrategyState): string {
  if (kept === undefined) return `spec.strategy is its owner's again: ${JSON.stringify(strategy ?? null)}`;
  return `spec.strategy is Recreate until the restore has ended; then it is again ${kept}`;
}

/** The whole text, without a newline at its end. */
export function formatExplanation(explanation: Explanation): string {
  const { workload, decision, podTemplate } = explanation;
  const lines = [`${workload}: ${decision.kind}`, ...formatReasons(decision.reasons)];
  switch (decision.kind) {
    case "deny":
      lines.push("", `It would be refused: ${decision.message}`);
      break;
    case "change": {
      const before = stringify(podTemplate, { lineWidth: 0 });
      const after = stringify(decision.podTemplate, { lineWidth: 0 });
      lines.push("", createTwoFilesPatch("pod template", "pod template as admitted", before, after).trimEnd());
      for (const key of decision.removedAnnotations) lines.push(`annotation ${key} is removed`);
      if (decision.strategy !== undefined) lines.push(formatStrategy(decision.strategy));
      break;
    }
    case "skip":
      break;
  }
  if (decision.kind !== "deny") {
    for (const warning of decision.warnings) lines.push("", `warning: ${warning}`);
    lines.push("", formatRestart(explanation));
  }
  return lines.join("\n");
}
