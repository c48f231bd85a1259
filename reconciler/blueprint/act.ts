/** Makes, changes and removes what a target's blueprints stand for. */
import { KINDS } from "../../shared/api/kinds.ts";
import { assertNever, messageOf } from "../../shared/errors.ts";
import { isAlreadyExists, isConflict, KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { AutoBackupStep } from "./decide.ts";

export type AutoBackupClient = Pick<KubeClient, "create" | "update" | "delete">;

/** What became of a step. */
export type AutoBackupResult =
  | { readonly kind: "Done"; readonly verb: "made" | "changed" | "removed"; readonly what: string }
  /** Another write came first: the informers are about to show what is there now. */
  | { readonly kind: "Behind"; readonly what: string }
  | { readonly kind: "Waits"; readonly what: string }
  /** Nothing here mends it; `isRemoval` tells what was tried. */
  | { readonly kind: "Failed"; readonly isRemoval: boolean; readonly problem: string };

/**
 * Carries the steps out. After one that did not succeed its blueprint has to wait: without its Repository a
 * BackupConfiguration would write elsewhere than the blueprint says.
 *
 * @throws KubeError when a later try may succeed
 */
export async function actOnSteps(
  client: AutoBackupClient,
  steps: readonly AutoBackupStep[],
  signal: AbortSignal,
): Promise<readonly AutoBackupResult[]> {
  const results: AutoBackupResult[] = [];
  const waiting = new Set<string>();
  for (const step of steps) {
    const blueprint = "blueprint" in step ? step.blueprint : undefined;
    if (blueprint !== undefined && waiting.has(blueprint)) continue;
    const result = await actOnStep(client, step, signal);
    if (blueprint !== undefined && result.kind !== "Done") waiting.add(blueprint);
    results.push(result);
  }
  return results;
}

async function actOnStep(
  client: AutoBackupClient,
  step: AutoBackupStep,
  signal: AbortSignal,
): Promise<AutoBackupResult> {
  try {
    return await act(client, step, signal);
  } catch (error) {
    if (isAlreadyExists(error) || isConflict(error)) return { kind: "Behind", what: messageOf(error) };
    if (!(error instanceof KubeError) || error.retryable) throw error;
    return { kind: "Failed", isRemoval: step.kind === "Delete", problem: error.message };
  }
}

async function act(client: AutoBackupClient, step: AutoBackupStep, signal: AbortSignal): Promise<AutoBackupResult> {
  switch (step.kind) {
    case "Create": {
      const { kind, metadata } = step.object;
      await client.create(KINDS[kind], metadata.namespace, step.object, asIs, { signal });
      return { kind: "Done", verb: "made", what: nameOf(step.object, step.blueprint) };
    }
    case "Update": {
      const { kind, metadata } = step.object;
      await client.update(KINDS[kind], metadata.namespace, step.object, asIs, { signal });
      return { kind: "Done", verb: "changed", what: nameOf(step.object, step.blueprint) };
    }
    case "Delete": {
      const { kind, metadata } = step.configuration;
      const { namespace, name, uid } = metadata;
      await client.delete(KINDS[kind], namespace, name, {
        signal,
        propagationPolicy: "Background",
        ...(uid !== undefined && { uid }),
      });
      return { kind: "Done", verb: "removed", what: `${kind} ${namespace}/${name}` };
    }
    case "Await":
      return { kind: "Waits", what: step.name };
    case "Refuse":
      return { kind: "Failed", isRemoval: false, problem: step.problem };
    default:
      return assertNever(step);
  }
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

function nameOf({ kind, metadata }: Named, blueprint: string): string {
  return `${kind} ${metadata.namespace}/${metadata.name} of BackupBlueprint ${blueprint}`;
}
