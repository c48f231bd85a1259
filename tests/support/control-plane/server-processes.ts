/** Starts each server of a control plane and knows when it is of use. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../../shared/errors.ts";
import { eventually } from "../eventually.ts";
import type { ClusterAddresses } from "../node/addresses.ts";
import { type ApiEndpoint, apiRequest } from "./api-request.ts";
import { isEtcdHealthy } from "./etcd.ts";
import {
  aggregationFlags,
  apiServerFlags,
  controllerManagerFlags,
  etcdFlags,
  GO_ENVIRONMENT,
  type Ports,
  schedulerFlags,
} from "./flags.ts";
import type { Programs } from "./programs.ts";
import type { SupervisedProcesses } from "./supervised-processes.ts";

/** Four seconds on an idle machine with two cores; the rest is for machines that do other work too. */
const READY_TIMEOUT_MS = 90_000;
/** Enough of a log to see why a program ended. */
const LOG_TAIL_CHARS = 3_000;

/** A server ended because another process has its port: with other ports it may start. */
export class PortTakenError extends Error {}

export interface ServerProcesses {
  startEtcd(): Promise<void>;
  /** Resolves when /readyz says so. */
  startApiServer(): Promise<void>;
  startControllerManager(): Promise<void>;
  startScheduler(): Promise<void>;
  /** Resolves when pods can be made in the namespace `default`: its ServiceAccount and root CA exist. */
  waitForServiceAccount(): Promise<void>;
}

interface Settings {
  readonly processes: SupervisedProcesses;
  readonly programs: Programs;
  readonly ports: Ports;
  readonly pki: string;
  readonly kubeconfigs: { readonly controllerManager: string; readonly scheduler: string };
  readonly logs: string;
  readonly endpoint: ApiEndpoint;
  readonly network: ClusterAddresses | undefined;
  readonly extraApiServerFlags: readonly string[];
  /** Whether it has the aggregation layer without nodes too. */
  readonly isAggregating: boolean;
}

export function serverProcesses(settings: Settings): ServerProcesses {
  const { processes, programs, ports, pki, kubeconfigs, logs, endpoint, network } = settings;
  const { dir } = processes;

  function start(name: string, args: readonly string[]): Promise<void> {
    const command = [...GO_ENVIRONMENT, join(programs.dir, name), ...args];
    return processes.start(name, { program: "env", args: command, logPath: logPath(name) });
  }

  function logPath(name: string): string {
    return join(logs, `${name}.log`);
  }

  /** Waits for what `name` brings about, and gives up as soon as it ends. */
  async function waitWhileRunning(name: string, what: string, isDone: () => Promise<boolean>): Promise<void> {
    const look = async () => {
      const end = processes.endOf(name);
      if (end === undefined) return isDone().catch(messageOf);
      const log = (await readFile(logPath(name), "utf8")).slice(-LOG_TAIL_CHARS);
      const message = `${name} ended (${end}) before ${what}; the end of its log:\n${log}`;
      throw log.includes("address already in use") ? new PortTakenError(message) : new Error(message);
    };
    await eventually(look, true, READY_TIMEOUT_MS);
  }

  return {
    async startEtcd() {
      await start("etcd", etcdFlags(ports, join(dir, "etcd")));
      await waitWhileRunning("etcd", "etcd is healthy", () => isEtcdHealthy(`http://127.0.0.1:${ports.etcdClient}`));
    },
    async startApiServer() {
      // Clusters with nodes are as people's are; the others show that nothing needs it.
      const aggregation = network !== undefined || settings.isAggregating ? aggregationFlags(pki) : [];
      const flags = [...apiServerFlags(ports, pki, dir, network), ...aggregation, ...settings.extraApiServerFlags];
      await start("kube-apiserver", flags);
      await waitWhileRunning("kube-apiserver", "the API server is ready", async () => {
        return (await apiRequest(endpoint, "/readyz")).status === 200;
      });
    },
    startControllerManager() {
      const flags = controllerManagerFlags(kubeconfigs.controllerManager, pki, programs.version);
      return start("kube-controller-manager", flags);
    },
    startScheduler() {
      return start("kube-scheduler", schedulerFlags(kubeconfigs.scheduler, programs.version));
    },
    async waitForServiceAccount() {
      const objects = ["serviceaccounts/default", "configmaps/kube-root-ca.crt"];
      const what = "the controller manager has set up the namespace default";
      await waitWhileRunning("kube-controller-manager", what, async () => {
        const answers = await Promise.all(
          objects.map((object) => apiRequest(endpoint, `/api/v1/namespaces/default/${object}`)),
        );
        return answers.every((answer) => answer.status === 200);
      });
    },
  };
}
