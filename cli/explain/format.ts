/** What `explain` prints: the decision, its reasons, the change as a diff, and what would restart. */
import { createTwoFilesPatch } from "diff";
import { stringify } from "yaml";
import type { StrategyState } from "../../shared/injection/strategy.ts";
import { INJECTION_REASONS } from "../../shared/reasons.ts";
import type { Mutation, Reasons } from "../../webhook/decide.ts";

export interface Explanation {
  /** `Deployment demo/web`. */
  readonly workload: string;
  readonly decision: Mutation;
  readonly podTemplate: unknown;
  /** Pods that run now; undefined when the workload is not in a cluster. */
  readonly replicas: number | undefined;
  /** Who backs it up, one line each. */
  readonly savers: readonly string[];
  /** Whether the change is shown line by line. */
  readonly hasDiff: boolean;
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

/** The whole text, without a newline at its end: what counts first, the change line by line last. */
export function formatExplanation(explanation: Explanation): string {
  const { workload, decision, savers } = explanation;
  const lines = [`${workload}: ${decision.kind}`, ...formatReasons(decision.reasons), ...savers];
  if (decision.kind === "deny") return [...lines, "", `It would be refused: ${decision.message}`].join("\n");
  lines.push(formatRestart(explanation), ...decision.warnings.map((warning) => `warning: ${warning}`));
  if (decision.kind === "change") lines.push(...formatChange(explanation, decision));
  return lines.join("\n");
}

function formatChange(
  { podTemplate, hasDiff }: Explanation,
  decision: Mutation & { readonly kind: "change" },
): readonly string[] {
  const removed = decision.removedAnnotations.map((key) => `annotation ${key} is removed`);
  const strategy = decision.strategy === undefined ? [] : [formatStrategy(decision.strategy)];
  if (!hasDiff) return [...removed, ...strategy, "See the change line by line with --diff."];
  const before = stringify(podTemplate, { lineWidth: 0 });
  const after = stringify(decision.podTemplate, { lineWidth: 0 });
  const diff = createTwoFilesPatch("pod template", "pod template as admitted", before, after).trimEnd();
  return [...removed, ...strategy, "", diff];
}
