/** What pages ask for once, and what they may do. */
import { backupInvokerView } from "../../shared/invoker/object.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { CoverageView, DoctorView, Started } from "../../web/wire/asked.ts";
import type { Cluster } from "../cluster/interface.ts";
import { CoverageState } from "../coverage/decide.ts";
import { gatherCoverage } from "../coverage/gather.ts";
import { inspectInstallation } from "../doctor/run.ts";
import { findInvoker } from "../objects/invokers.ts";
import { createSession } from "../trigger/create-session.ts";
import type { Ask } from "./door.ts";
import { explainText } from "./explain.ts";
import { readTail } from "./log-tail.ts";
import type { Plans } from "./plans.ts";
import { requireText } from "./read-body.ts";
import { findMissing } from "./rights.ts";

export interface QuestionPorts {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly plans: Plans;
}

/** They read, and dry runs are the most that they send. */
export function createQuestions({ cluster, client, plans }: QuestionPorts): Readonly<Record<string, Ask>> {
  return {
    plan: (body) => plans.plan(body),
    async coverage(): Promise<CoverageView> {
      const { rows, failures } = await gatherCoverage(cluster);
      const open = rows.filter(({ state }) => state !== CoverageState.Covered);
      return { covered: rows.length - open.length, rows: open, failures };
    },
    explain: (body) => explainText(cluster, body),
    log: (body) => readTail(cluster, client, body),
    rights: async (body) => findMissing(client, requireText(body, "namespace")),
    async doctor(body): Promise<DoctorView> {
      const places = { namespace: requireText(body, "namespace"), probeNamespace: "default" };
      return { findings: await inspectInstallation(client, places) };
    },
  };
}

export function createActions({ cluster, plans }: QuestionPorts): Readonly<Record<string, Ask>> {
  return {
    restore: (body) => plans.apply(body),
    async trigger(body): Promise<Started> {
      const namespace = requireText(body, "namespace");
      const word = `${requireText(body, "kind")}/${requireText(body, "name")}`;
      const { object } = await findInvoker({ ...cluster, namespace, scope: namespace }, word);
      const { name } = await createSession(cluster, backupInvokerView(object));
      return { kind: "BackupSession", namespace, name };
    },
  };
}
