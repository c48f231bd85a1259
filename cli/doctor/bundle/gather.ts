/** Reads what support needs: objects of ours, the installation, events, logs. Secrets are never asked for. */
import { KINDS } from "../../../shared/api/kinds.ts";
import { listAt, textAt } from "../../../shared/json/value.ts";
import { toUserError } from "../../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { readLogTail } from "../../../shared/kube/logs.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { DEPLOYMENTS, LEASES } from "../../cluster/resources.ts";
import type { PackedFile } from "../../tarball.ts";
import type { Finding } from "../finding.ts";
import { redact, redactText } from "./redact.ts";

const LOG_LINES = 5_000;
const LOG_BYTES = 4 * 1024 * 1024;
/** Objects of one kind; the newest of more. */
const MOST_OBJECTS = 2_000;

const core = (plural: string, namespaced = true): Resource => ({ group: "", version: "v1", plural, namespaced });
const PODS = core("pods");

/** Of the whole cluster. */
const OF_CLUSTER: readonly (readonly [string, Resource])[] = [
  ...[
    KINDS.BackupBatch,
    KINDS.BackupConfiguration,
    KINDS.BackupBlueprint,
    KINDS.BackupSession,
    KINDS.RestoreBatch,
    KINDS.RestoreSession,
    KINDS.BackupVerifier,
    KINDS.BackupVerificationSession,
    KINDS.Repository,
    KINDS.HostRun,
    KINDS.Function,
    KINDS.Task,
    KINDS.AppBinding,
  ].map((kind) => [kind.plural, kind] as const),
  ["nodes", core("nodes", false)],
  [
    "mutatingwebhookconfigurations",
    {
      group: "admissionregistration.k8s.io",
      version: "v1",
      plural: "mutatingwebhookconfigurations",
      namespaced: false,
    },
  ],
  [
    "validatingwebhookconfigurations",
    {
      group: "admissionregistration.k8s.io",
      version: "v1",
      plural: "validatingwebhookconfigurations",
      namespaced: false,
    },
  ],
];

/** Of the installation's namespace. */
const OF_INSTALLATION: readonly (readonly [string, Resource])[] = [
  ["deployments", DEPLOYMENTS],
  ["pods", PODS],
  ["services", core("services")],
  ["events", core("events")],
  ["leases", LEASES],
];

export interface BundleFacts {
  readonly namespace: string;
  readonly findings: readonly Finding[];
  readonly versions: object;
}

/** What can't be read has its reason in place of its content. */
export async function gatherBundle(client: KubeClient, facts: BundleFacts): Promise<readonly PackedFile[]> {
  const { namespace, findings, versions } = facts;
  const objects = async (folder: string, [name, resource]: readonly [string, Resource], place: string | undefined) => ({
    path: `${folder}/${name}.json`,
    data: await readAsText(async () => {
      const { items } = await client.list(resource, place, asIs);
      const kept = newestOf(items);
      return JSON.stringify({ count: items.length, items: kept.map(redact) }, null, 1);
    }),
  });
  return [
    { path: "findings.json", data: JSON.stringify(findings, null, 1) },
    { path: "versions.json", data: JSON.stringify(versions, null, 1) },
    ...(await Promise.all(OF_CLUSTER.map((one) => objects("cluster", one, undefined)))),
    ...(await Promise.all(OF_INSTALLATION.map((one) => objects("installation", one, namespace)))),
    await ourEvents(client),
    ...(await logs(client, namespace)),
  ];
}

async function readAsText(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (thrown) {
    return JSON.stringify({ failed: toUserError(thrown).message });
  }
}

function newestOf(items: readonly unknown[]): readonly unknown[] {
  const timeOf = (item: unknown) => textAt(item, "metadata", "creationTimestamp") ?? "";
  return items.length <= MOST_OBJECTS
    ? items
    : [...items].sort((a, b) => timeOf(b).localeCompare(timeOf(a))).slice(0, MOST_OBJECTS);
}

/** Events of other products' objects are nobody's business here. */
async function ourEvents(client: KubeClient): Promise<PackedFile> {
  const text = await readAsText(async () => {
    const { items } = await client.list(core("events"), undefined, asIs);
    const own = items.filter((event) => (textAt(event, "involvedObject", "apiVersion") ?? "").includes("appscode.com"));
    return JSON.stringify({ count: own.length, items: newestOf(own).map(redact) }, null, 1);
  });
  return { path: "cluster/events.json", data: text };
}

async function logs(client: KubeClient, namespace: string): Promise<readonly PackedFile[]> {
  const pods = await client.list(PODS, namespace, asIs).catch(() => ({ items: [] }));
  const places = pods.items.flatMap((pod) => {
    const name = textAt(pod, "metadata", "name") ?? "";
    return listAt(pod, "spec", "containers").flatMap((one) => [
      { pod: name, container: textAt(one, "name") ?? "", previous: false },
      { pod: name, container: textAt(one, "name") ?? "", previous: true },
    ]);
  });
  const read = places.map(async ({ pod, container, previous }) => {
    const options = { container, lines: LOG_LINES, maxLength: LOG_BYTES, previous };
    const text = await readLogTail(client, namespace, pod, options).catch(() => "");
    return { path: `logs/${pod.slice(0, 63)}${previous ? ".previous" : ""}.log`.slice(0, 100), data: redactText(text) };
  });
  return (await Promise.all(read)).filter(({ data }) => data !== "");
}
