/** The last lines that a host's pod logged. */
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { readLogTail } from "../../shared/kube/logs.ts";
import type { LogView } from "../../web/wire/asked.ts";
import type { Cluster } from "../cluster/interface.ts";
import { PODS } from "../cluster/resources.ts";
import { formatLogLine, logContainers } from "../logs/places.ts";
import { plainText } from "../terminal/plain-text.ts";
import { requireText } from "./read-body.ts";

const LINES = 200;

/**
 * Reads the log of a pod that a run names.
 *
 * @throws UserError NOT_FOUND when the pod is gone, or is another one of that name
 */
export async function readTail(cluster: Cluster, client: KubeClient, body: unknown): Promise<LogView> {
  const [namespace, name, uid] = [
    requireText(body, "namespace"),
    requireText(body, "pod"),
    requireText(body, "podUid"),
  ];
  const pod = await cluster.find(PODS, namespace, name);
  if (pod === undefined || textAt(pod, "metadata", "uid") !== uid) {
    throw new UserError("NOT_FOUND", `pod ${namespace}/${name} is gone, and its log with it`, {
      next: "look where the cluster's logs are collected",
    });
  }
  const isRestore = textAt(body, "kind") !== "BackupSession";
  const containers = logContainers(pod, isRestore).map(async (container) => {
    const text = await readLogTail(client, namespace, name, { container, lines: LINES });
    const lines = text.split("\n").map((line) => plainText(formatLogLine(line)));
    return { container, text: lines.join("\n").trimEnd() };
  });
  return { lines: LINES, containers: await Promise.all(containers) };
}
