/** The CA bundles in the webhook configurations, and in the APIService: what API servers trust when they call the webhook. */
import { listAt, textAt, valueAt } from "../shared/json/value.ts";
import { asIs, type KubeClient } from "../shared/kube/client/interface.ts";
import { atVersion, type JsonPatchOperation } from "../shared/kube/client/patch.ts";
import type { Resource } from "../shared/kube/resource.ts";
import { API_SERVICES, MUTATING_CONFIGURATIONS, VALIDATING_CONFIGURATIONS } from "../shared/kube/resources.ts";

const WEBHOOK_CONFIGURATIONS = {
  MutatingWebhookConfiguration: MUTATING_CONFIGURATIONS,
  ValidatingWebhookConfiguration: VALIDATING_CONFIGURATIONS,
  APIService: API_SERVICES,
} as const satisfies Record<string, Resource>;

export interface ConfigurationName {
  readonly kind: keyof typeof WEBHOOK_CONFIGURATIONS;
  readonly name: string;
}

export interface WebhookConfiguration extends ConfigurationName {
  readonly resourceVersion: string;
  /** Of an APIService its one call. */
  readonly webhooks: readonly {
    readonly name: string;
    /** Where its bundle stands in the object. */
    readonly path: string;
    /** PEM; empty when there is none. */
    readonly bundle: string;
    /** `namespace/name` of the Service that is called, or the URL. */
    readonly calls: string;
  }[];
}

/** Reads those of the configurations that exist. */
export async function findConfigurations(
  client: Pick<KubeClient, "find">,
  names: readonly ConfigurationName[],
  signal: AbortSignal,
): Promise<readonly WebhookConfiguration[]> {
  const found = await Promise.all(
    names.map(async ({ kind, name }) => {
      const object = await client.find(WEBHOOK_CONFIGURATIONS[kind], undefined, name, asIs, { signal });
      if (object === undefined) return [];
      const resourceVersion = textAt(object, "metadata", "resourceVersion") ?? "";
      const webhooks = kind === "APIService" ? [readApiService(object)] : listAt(object, "webhooks").map(readWebhook);
      return [{ kind, name, resourceVersion, webhooks }];
    }),
  );
  return found.flat();
}

type Call = WebhookConfiguration["webhooks"][number];

function readWebhook(webhook: unknown, index: number): Call {
  return {
    name: textAt(webhook, "name") ?? "",
    path: `/webhooks/${index}/clientConfig/caBundle`,
    bundle: decode(textAt(webhook, "clientConfig", "caBundle")),
    calls: textAt(webhook, "clientConfig", "url") ?? serviceOf(valueAt(webhook, "clientConfig")),
  };
}

function readApiService(object: unknown): Call {
  return {
    name: textAt(object, "metadata", "name") ?? "",
    path: "/spec/caBundle",
    bundle: decode(textAt(object, "spec", "caBundle")),
    calls: serviceOf(valueAt(object, "spec")),
  };
}

function decode(bundle: string | undefined): string {
  return Buffer.from(bundle ?? "", "base64").toString("utf8");
}

function serviceOf(caller: unknown): string {
  const [namespace = "", name = ""] = ["namespace", "name"].map((key) => textAt(caller, "service", key));
  return `${namespace}/${name}`;
}

/** Whether the API server reaches a webhook under one of our names. One that calls elsewhere is somebody else's, whatever it is called. */
export function isCallOf(calls: string, names: readonly string[]): boolean {
  return names.includes(hostOf(calls));
}

function hostOf(calls: string): string {
  const [namespace = "", name = ""] = calls.split("/");
  if (!calls.includes("://")) return `${name}.${namespace}.svc`;
  return URL.canParse(calls) ? new URL(calls).hostname.replace(/^\[|\]$/g, "") : "";
}

/** What the webhooks of other owners call, each once. */
export function otherCalls({ webhooks }: WebhookConfiguration, names: readonly string[]): readonly string[] {
  return [...new Set(webhooks.map(({ calls }) => calls).filter((calls) => !isCallOf(calls, names)))];
}

/** Whether all webhooks of ours have it. */
export function hasBundle({ webhooks }: WebhookConfiguration, bundle: string, names: readonly string[]): boolean {
  return webhooks.every((webhook) => webhook.bundle === bundle || !isCallOf(webhook.calls, names));
}

/**
 * Writes the bundle into every webhook of a configuration that calls us; nothing else of it is touched.
 *
 * @param names under which API servers call us
 * @throws KubeError: 409 when somebody changed the configuration in between
 */
export async function publishBundle(
  client: Pick<KubeClient, "patch">,
  configuration: WebhookConfiguration,
  { bundle, names }: { readonly bundle: string; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const value = Buffer.from(bundle, "utf8").toString("base64");
  const additions = configuration.webhooks.flatMap((webhook): readonly JsonPatchOperation[] =>
    webhook.bundle === bundle || !isCallOf(webhook.calls, names) ? [] : [{ op: "add", path: webhook.path, value }],
  );
  const { kind, name, resourceVersion } = configuration;
  const operations = [atVersion(resourceVersion), ...additions];
  await client.patch(WEBHOOK_CONFIGURATIONS[kind], undefined, name, { kind: "json", operations }, asIs, { signal });
}
