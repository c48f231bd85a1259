/** Whether an after-hook runs, by its policy and by how things ended. Pure. */

export interface AfterHookFacts {
  /** Always when undefined. */
  readonly policy: string | undefined;
  readonly outcome: "Succeeded" | "Failed";
  /** Whether the run will be tried again if it failed. */
  readonly isRetryLeft: boolean;
}

/** @returns undefined when the hook runs, else why the policy skips it */
export function whyAfterHookSkipped({ policy, outcome, isRetryLeft }: AfterHookFacts): string | undefined {
  switch (policy ?? "Always") {
    case "OnSuccess":
      return outcome === "Succeeded" ? undefined : "skipped by its policy OnSuccess: the run failed";
    case "OnFailure":
      return outcome === "Failed" ? undefined : "skipped by its policy OnFailure: the run succeeded";
    case "OnFinalRetryFailure":
      if (outcome === "Succeeded") return "skipped by its policy OnFinalRetryFailure: the run succeeded";
      return isRetryLeft ? "skipped by its policy OnFinalRetryFailure: the run is tried again" : undefined;
    default:
      return undefined;
  }
}
