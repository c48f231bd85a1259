/** Tells what a restore would do: from what is known here, or as the cluster itself finds out. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import type { Cluster } from "../cluster/interface.ts";
import { kubectlName } from "../objects/read.ts";
import { nextStepOf } from "../objects/session-facts.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { plainText } from "../terminal/plain-text.ts";
import { printData } from "../terminal/print.ts";
import { checkRestore } from "./check.ts";
import { decidePlan } from "./decide-plan.ts";
import { DryRunMode } from "./dry-run-mode.ts";
import { formatPlan, type ToldPlan } from "./format-plan.ts";
import { gatherPlanView } from "./gather.ts";
import type { PreparedRestore } from "./prepare.ts";
import { readTriedPlan } from "./tried-plan.ts";
import { tryRestore } from "./try.ts";

export interface DryRun {
  readonly prepared: PreparedRestore;
  readonly mode: DryRunMode;
  readonly nowMs: number;
}

/** @throws UserError INVALID_OBJECT, or what the API server says of the restore */
export async function runDryRun(input: Input, cluster: Cluster, { prepared, mode, nowMs }: DryRun): Promise<ExitCode> {
  const { restore, members, point, batch } = prepared;
  checkRestore(restore);
  const isAsked = mode === DryRunMode.Server;
  if (isAsked) await cluster.create(KINDS.RestoreBatch, restore.metadata.namespace, restore, { isDryRun: true });
  if (input.format === Format.Yaml) {
    printData(input, restore);
    return ExitCode.Good;
  }
  if (input.format === Format.Name) {
    input.terminal.print(kubectlName(KINDS.RestoreBatch, restore.metadata.name));
    return ExitCode.Good;
  }
  if (!isAsked) {
    tellPlan(input, restore, decidePlan({ ...prepared, ...(await gatherPlanView(cluster, restore)) }), nowMs);
    return ExitCode.Good;
  }
  const tried = await tryRestore(input, cluster, { restore, batch, limitMs: readTimeout(input.flags) });
  const failure = failureOf(tried);
  tellPlan(input, restore, readTriedPlan(tried, members, point), nowMs, failure);
  if (failure === undefined) return ExitCode.Good;
  input.terminal.note(plainText(`error: it would fail: ${failure.message} (next: ${failure.next})`));
  return ExitCode.Fault;
}

interface Failure {
  readonly message: string;
  readonly next: string;
}

/** What the restore itself says, else the first of its members. */
function failureOf({ status }: RestoreBatch): Failure | undefined {
  if (status?.phase === "Succeeded") return undefined;
  const member = status?.members?.find(({ phase }) => phase === "Failed");
  const host = member?.stats?.find(({ phase }) => phase === "Failed");
  const code = status?.reason ?? host?.reason ?? member?.reason;
  const why = status?.message ?? host?.error ?? member?.message ?? "";
  const message = [code ?? status?.phase ?? "Failed", why]
    .filter(Boolean)
    .join(": ")
    .replace(/\s*\n\s*/g, " ");
  return { message, next: nextStepOf({ code, member: undefined, message }) ?? "mend what it says, and plan again" };
}

function tellPlan(input: Input, restore: RestoreBatch, plan: ToldPlan, nowMs: number, failure?: Failure): void {
  const { format, terminal } = input;
  if (format === Format.Json) {
    printData(input, { restore, plan, ...(failure !== undefined && { failure }) });
    return;
  }
  for (const line of formatPlan(restore, plan, { nowMs, width: terminal.width })) terminal.print(plainText(line));
}
