/**
 * Completes an installation when this process begins to lead: the policy on host runs, the catalogue, and budgets for its own
 * Deployments.
 */
import type { Clock } from "../../shared/clock.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { ADMISSION_POLICIES, DISRUPTION_BUDGETS } from "../../shared/kube/resources.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import { createQueueController } from "../queue-controller.ts";
import { findOwnUser, hostRunPolicyObjects } from "./host-run-policy.ts";
import { buildBudgets, buildCatalogue, type OwnObject } from "./own-objects.ts";

export interface InstallationPorts {
  readonly client: Pick<KubeClient, "create" | "patch" | "read">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the product's own Deployments are. */
  readonly namespace: string;
  /** Whether it serves all namespaces: a policy holds in all of them. */
  readonly isClusterWide: boolean;
}

const FIELD_MANAGER = "stash-batch-installation";
/** What somebody deletes comes back after this time. */
const AGAIN_AFTER_MS = 3_600_000;

export function createInstallationController(ports: InstallationPorts): Controller {
  const { client, clock, log, namespace, isClusterWide } = ports;
  return createQueueController(
    {
      name: "installation",
      subject: "installation",
      failed: "installation not completed; it is tried again",
      concurrency: 1,
      drainMs: 2_000,
      clock,
      log,
    },
    {
      wake(add) {
        add(namespace);
        return [];
      },
      async reconcile(_key, signal) {
        const discovery = createDiscovery(client, clock);
        const budgets = await discovery.firstServed(DISRUPTION_BUDGETS);
        const hasPolicies = isClusterWide && (await discovery.firstServed([ADMISSION_POLICIES])) !== undefined;
        const objects = [
          ...(hasPolicies ? hostRunPolicyObjects(await findOwnUser(client, signal)) : []),
          ...buildCatalogue(),
          ...(budgets === undefined ? [] : buildBudgets(namespace, budgets)),
        ];
        for (const object of objects) await applyOwnObject(ports, object, signal);
        return { requeueAfterMs: AGAIN_AFTER_MS };
      },
    },
  );
}

/** Fields that somebody else set otherwise stay theirs: the API server tells by the owners of fields. */
async function applyOwnObject({ client, log }: InstallationPorts, object: OwnObject, signal: AbortSignal) {
  const { resource, namespace, name, body } = object;
  const options = { fieldManager: FIELD_MANAGER, signal, maxRetries: 0 };
  try {
    await client.patch(resource, namespace, name, { kind: "apply", body, force: false }, asIs, options);
  } catch (error) {
    if (!(error instanceof KubeError) || error.status !== 409) throw error;
    log.info({ resource: resource.plural, name, error: error.detail }, "object of the installation left as it is");
  }
}
