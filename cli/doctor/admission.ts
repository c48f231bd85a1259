/** Whether the API server calls the webhook, and trusts it. Both are tried with objects that are never kept. */
import { findProblems } from "../../certs/cert-manager-check.ts";
import { findCertificateSecret } from "../../certs/secret.ts";
import { findConfigurations, type WebhookConfiguration } from "../../certs/webhook-configurations.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Install, Label } from "../../shared/contract.ts";
import { textAt } from "../../shared/json/value.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import {
  buildMutatingConfiguration,
  buildValidatingConfiguration,
  INSTALLED_ADDRESS,
} from "../../webhook/configuration.ts";
import { DEPLOYMENTS } from "../cluster/resources.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

const BUILT = { address: INSTALLED_ADDRESS };
const CONFIGURATIONS = [
  {
    kind: "MutatingWebhookConfiguration",
    name: Install.MutatingConfiguration,
    webhooks: buildMutatingConfiguration(BUILT).webhooks.map(({ name }) => name),
  },
  {
    kind: "ValidatingWebhookConfiguration",
    name: Install.ValidatingConfiguration,
    webhooks: buildValidatingConfiguration(BUILT).webhooks.map(({ name }) => name),
  },
] as const;
const PROBE = "stash-batch-doctor";
const VALIDATING_WEBHOOK = "invokers.stash.appscode.com";

export interface TrustPlace {
  /** Of the installation. */
  readonly namespace: string;
  readonly usesCertManager: boolean;
}

/** Fault or not of the configurations and the certificate that they trust. */
export async function inspectTrust(
  client: Pick<KubeClient, "find">,
  place: TrustPlace,
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { namespace } = place;
  const secret = await findCertificateSecret(client, { namespace, name: Install.ServingSecret }, signal);
  const configurations = await findConfigurations(client, CONFIGURATIONS, signal);
  const names = [`${Install.WebhookService}.${namespace}.svc`];
  const problems = secret === undefined ? undefined : findProblems(secret, configurations, names, nowMs);
  return [...checkConfigurations(configurations, namespace), ...checkTrust(problems, place)];
}

/** Who else writes a configuration may have pointed it elsewhere, or have left out some of its webhooks. */
export function checkConfigurations(found: readonly WebhookConfiguration[], namespace: string): readonly Finding[] {
  const check = "webhook configurations";
  const again = "apply the installation of this version again";
  const wrong = CONFIGURATIONS.flatMap(({ kind, name, webhooks }) => {
    const configuration = found.find((one) => one.kind === kind);
    if (configuration === undefined) return [fault(check, `${kind} ${name} does not exist`, again)];
    const service = `${namespace}/${Install.WebhookService}`;
    const elsewhere = new Set(configuration.webhooks.map(({ calls }) => calls).filter((calls) => calls !== service));
    const missing = webhooks.filter((one) => !configuration.webhooks.some((webhook) => webhook.name === one));
    return [
      ...[...elsewhere].map((calls) =>
        fault(
          check,
          `${kind} ${name} calls ${calls}, not ${service}`,
          `it has another owner: kubectl get ${kind.toLowerCase()} ${name} --show-managed-fields -o yaml tells which; ` +
            `end that one, then ${again} with --force-conflicts`,
        ),
      ),
      ...missing.map((one) =>
        fault(
          check,
          `${kind} ${name} has no webhook ${one}`,
          `${again}, with --force-conflicts if it has another owner`,
        ),
      ),
    ];
  });
  return wrong.length > 0 ? wrong : [ok(check, "both are registered")];
}

/** @param problems undefined when there is no Secret */
export function checkTrust(
  problems: readonly string[] | undefined,
  { namespace, usesCertManager }: TrustPlace,
): readonly Finding[] {
  const check = "certificate";
  const secret = `${namespace}/${Install.ServingSecret}`;
  const certificates = `see that cert-manager is installed, and what it says: kubectl -n ${namespace} describe certificates`;
  if (problems === undefined) {
    const fix = usesCertManager ? certificates : "look at the webhook's log";
    return [fault(check, `Secret ${secret} does not exist`, fix)];
  }
  if (problems.length === 0) return [ok(check, "it is valid, and the configurations trust it")];
  const anew = `to make the certificate anew: kubectl -n ${namespace} delete secret ${Install.ServingSecret}`;
  const fix = usesCertManager ? certificates : `look at the webhook's log; ${anew}`;
  return problems.map((problem) => fault(check, problem, fix));
}

/** What came of an object that was sent to the API server as a dry run. */
export type Probe =
  | { readonly kind: "Accepted"; readonly object: unknown }
  | { readonly kind: "Refused"; readonly status: number; readonly detail: string };

async function probe(
  client: Pick<KubeClient, "create">,
  resource: Resource,
  namespace: string,
  body: unknown,
): Promise<Probe> {
  try {
    const object = await client.create(resource, namespace, body, asIs, { dryRun: true, maxRetries: 0 });
    return { kind: "Accepted", object };
  } catch (error) {
    // Without an answer of the API server there is nothing to tell of the webhook.
    if (!(error instanceof KubeError) || error.status === 0) throw error;
    return { kind: "Refused", status: error.status, detail: error.detail };
  }
}

/** An invoker whose schedule nobody can read: the validating webhook must refuse it. */
export function probeValidation(client: Pick<KubeClient, "create">, namespace: string): Promise<Probe> {
  const body = {
    apiVersion: KINDS.BackupBatch.apiVersion,
    kind: KINDS.BackupBatch.kind,
    metadata: { name: PROBE, namespace },
    spec: {
      schedule: "never",
      repository: { name: PROBE },
      retentionPolicy: { name: PROBE, keepLast: 1, prune: false },
      members: [],
    },
  };
  return probe(client, KINDS.BackupBatch, namespace, body);
}

/** A workload with our label: the mutating webhook must be asked, or the API server refuses. */
export function probeMutation(client: Pick<KubeClient, "create">, namespace: string): Promise<Probe> {
  const labels = { app: PROBE, [Label.BackupBatch]: PROBE };
  const body = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: PROBE, namespace, labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: PROBE } },
      template: { metadata: { labels }, spec: { containers: [{ name: "app", image: "none" }] } },
    },
  };
  return probe(client, DEPLOYMENTS, namespace, body);
}

const REACH =
  "see that the webhook's pods are ready, that the API server can reach them (NetworkPolicies, firewalls, port 8443), " +
  "and that the CA bundle is current";

export function checkValidation(answer: Probe): Finding {
  const check = "validating webhook answers";
  if (answer.kind === "Accepted") {
    const message = "an invoker that can't be read was let in";
    return fault(
      check,
      message,
      "see that the namespace of the probe is not left out, and that the configuration is registered",
    );
  }
  if (answer.detail.includes("failed calling webhook")) return fault(check, answer.detail, REACH);
  if (answer.detail.includes(VALIDATING_WEBHOOK)) return ok(check, "through the API server, and refuses what it must");
  return checkOther(check, answer.detail);
}

export function checkMutation(answer: Probe): Finding {
  const check = "mutating webhook answers";
  if (answer.kind === "Accepted") return ok(check, "labelled workloads come through");
  if (answer.detail.includes("failed calling webhook")) return fault(check, answer.detail, REACH);
  return checkOther(check, answer.detail);
}

/** That its caller may make no such object there is no fault of the installation. */
function checkOther(check: string, detail: string): Finding {
  const isLackOfRights = / is forbidden: User .* cannot /.test(detail);
  const fix = "name a namespace in which you may make Deployments and BackupBatches with --probe-namespace";
  return isLackOfRights
    ? warning(check, `not tried: ${detail}`, fix)
    : fault(check, `the dry run failed otherwise: ${detail}`, "run the doctor as a cluster admin");
}

/** The API server's clock when it answered, if the object was accepted. */
export function serverTimeOf(answer: Probe): number | undefined {
  if (answer.kind === "Refused") return undefined;
  const createdAtMs = Date.parse(textAt(answer.object, "metadata", "creationTimestamp") ?? "");
  return Number.isNaN(createdAtMs) ? undefined : createdAtMs;
}
