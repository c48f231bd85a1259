/**
 * Writes the status of one host run. What is set is merged and sent one request at a time, so a slow API server makes fewer
 * and larger patches, never a queue. Faults are tried again for as long as the host run exists: an outage of the API server
 * loses nothing.
 */
import type { HostRun } from "../../shared/api/host-run.ts";
import { isErrorCode, messageOf, UserError } from "../../shared/errors.ts";
import { isJsonObject, textAt } from "../../shared/json/value.ts";
import { runReadiness, withReadiness } from "../../shared/status/readiness.ts";
import type { AgentApi, ApiAnswer } from "../kube/api.ts";
import { createGrowingWait } from "../kube/growing-wait.ts";
import type { Logger } from "../log.ts";
import { essentialOf, type StatusFields, withBoundWarnings } from "./size.ts";

export interface RunReporter {
  /** Sends the fields soon; a later value of the same field wins. */
  set(fields: StatusFields): void;
  /**
   * Resolves when everything set so far is stored.
   *
   * @returns false when the host run is gone
   * @throws UserError INTERNAL when the API server refuses even the shortest report
   */
  flush(): Promise<boolean>;
  /** Aborts when the host run is gone. */
  readonly lost: AbortSignal;
  /** Why the order was taken back, as the API server had it when it stored what was told last; undefined when it was not. */
  cancelled(): UserError | undefined;
}

/** The merge patch that sets the fields. The uid keeps it from another host run of the same name. */
export function statusPatch(uid: string | undefined, fields: StatusFields): object {
  const status = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value === undefined || value === "" ? null : value]),
  );
  return { ...(uid !== undefined && { metadata: { uid } }), status };
}

export interface ReporterPorts {
  readonly api: AgentApi;
  readonly log: Logger;
  /** The machine's clock, unless another is given. */
  readonly now?: () => Date;
}

function cancelOf(object: unknown): UserError | undefined {
  const reason = textAt(object, "spec", "cancel", "reason") ?? "";
  const message = textAt(object, "spec", "cancel", "message");
  if (message === undefined) return undefined;
  return new UserError(isErrorCode(reason) ? reason : "EXECUTOR_LOST", message);
}

function uidOf(object: unknown): unknown {
  return isJsonObject(object) && isJsonObject(object["metadata"]) ? object["metadata"]["uid"] : undefined;
}

export function createRunReporter(
  run: Pick<HostRun, "metadata" | "status"> & Partial<Pick<HostRun, "spec">>,
  { api, log, now = () => new Date() }: ReporterPorts,
): RunReporter {
  const { namespace, name, uid } = run.metadata;
  let conditions = run.status?.conditions;
  const object = { kind: "HostRun", namespace, name } as const;
  const lost = new AbortController();
  let pending: StatusFields = {};
  let running: Promise<void> | undefined;
  let isReduced = false;
  let refusal: unknown;
  let cancel = cancelOf(run);

  /** After a refusal: is the host run still there, and is it the value that is refused? */
  async function onRejected(message: string, sent: StatusFields): Promise<void> {
    const answer = await api.get(object);
    if (answer.kind === "gone" || (answer.kind === "ok" && uid !== undefined && uidOf(answer.object) !== uid)) {
      lost.abort(new Error("the host run is gone"));
      return;
    }
    if (answer.kind !== "ok") {
      pending = { ...sent, ...pending };
      return;
    }
    log.error({ error: message, isReduced }, "report refused");
    if (isReduced) throw new UserError("INTERNAL", `the API server refuses the report: ${message}`);
    isReduced = true;
    pending = essentialOf({ ...sent, ...pending }, message);
  }

  async function take(answer: ApiAnswer, sent: StatusFields): Promise<"ok" | "again"> {
    switch (answer.kind) {
      case "ok":
        cancel = cancelOf(answer.object);
        return "ok";
      case "gone":
        lost.abort(new Error("the host run is gone"));
        return "ok";
      case "rejected":
        await onRejected(answer.message, sent);
        return "again";
      case "failed":
        pending = { ...sent, ...pending };
        log.warn({ code: answer.error.code, error: answer.error.message }, "report not stored yet");
        return "again";
    }
  }

  async function send(): Promise<void> {
    const backoff = createGrowingWait({ baseMs: 200, maxMs: 15_000 });
    while (Object.keys(pending).length > 0 && !lost.signal.aborted) {
      const sent = pending;
      pending = {};
      const outcome = await take(await api.patchStatus(object, statusPatch(uid, sent)), sent);
      if (outcome === "ok") backoff.reset();
      else if (!lost.signal.aborted) await backoff.wait();
    }
  }

  /** Conditions go with the phase, in the same request. A host run's order may grow after its end: no generation is told. */
  function conditionsFor({ phase, error }: StatusFields): StatusFields {
    if (typeof phase !== "string") return {};
    const message = typeof error === "string" ? error : undefined;
    conditions = withReadiness(conditions, runReadiness({ phase, message }), undefined, now());
    return { conditions };
  }

  function start(): Promise<void> {
    running ??= send()
      .catch((error) => {
        log.error({ error: messageOf(error) }, "reports end");
        refusal = error;
        lost.abort(error);
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  }

  return {
    lost: lost.signal,
    cancelled: () => cancel,
    set(fields) {
      pending = { ...pending, ...withBoundWarnings(fields), ...conditionsFor(fields) };
      // What is set in one go is one request: the end of the last path and that of the host.
      setImmediate(() => void start());
    },
    async flush() {
      while ((running !== undefined || Object.keys(pending).length > 0) && !lost.signal.aborted) await start();
      if (refusal !== undefined) throw refusal;
      return !lost.signal.aborted;
    },
  };
}
