/**
 * Writes one host's entry. What is set is merged and sent one request at a time, so a slow API server makes fewer and
 * larger patches, never a queue. Each patch first tests that the entry is still this agent's. Faults are tried again for as
 * long as the object exists: an outage of the API server loses nothing.
 */
import { messageOf, UserError } from "../../shared/errors.ts";
import type { AgentApi, ApiAnswer, ObjectPath, PatchOperation } from "../kube/api.ts";
import { createBackoff } from "../kube/backoff.ts";
import type { Logger } from "../log.ts";

/** Fields of the entry. Undefined and empty texts remove the field. */
export type EntryFields = Readonly<Record<string, unknown>>;

export interface EntryAddress {
  readonly object: ObjectPath;
  /** Of the object, which may be made anew under its name. */
  readonly objectUid: string;
  /** JSON pointer of the entry, such as `/status/targets/0/stats/1`. */
  readonly pointer: string;
  readonly hostname: string;
  /** Undefined in a job that was not given a pod. */
  readonly podUid: string | undefined;
}

export interface EntryReporter {
  /** Sends the fields soon; a later value of the same field wins. */
  set(fields: EntryFields): void;
  /**
   * Resolves when everything set so far is stored.
   *
   * @returns false when the entry is no longer ours
   * @throws UserError INTERNAL when the API server refuses even the shortest report
   */
  flush(): Promise<boolean>;
  /** Aborts when the object is gone or the entry was given to another pod. */
  readonly lost: AbortSignal;
}

/** Characters that API servers spell in another way than we do in the raw text that they compare. */
const SPELT_DIFFERENTLY = /[<>&\p{Cc}\p{Cs}\u2028\u2029]/u;

/**
 * The JSON patch that sets the fields of an entry, guarded by what the entry must still be. A host whose name can't be
 * tested is known by its index alone, which never changes in one object.
 */
export function entryPatch(address: EntryAddress, fields: EntryFields): readonly PatchOperation[] {
  const { pointer, hostname } = address;
  return [
    SPELT_DIFFERENTLY.test(hostname)
      ? { op: "test", path: "/metadata/uid", value: address.objectUid }
      : { op: "test", path: `${pointer}/hostname`, value: hostname },
    ...(address.podUid === undefined
      ? []
      : [{ op: "test" as const, path: `${pointer}/podUID`, value: address.podUid }]),
    ...Object.entries(fields).flatMap(([name, value]) => setOperations(`${pointer}/${name}`, value)),
  ];
}

/**
 * "add" on a member of an object sets it whether it was there or not. An empty text is written as a removal, since Kubernetes
 * 1.20 takes it for a null; and a removal needs something that is there for sure.
 */
function setOperations(path: string, value: unknown): readonly PatchOperation[] {
  if (value !== undefined && value !== "") return [{ op: "add", path, value }];
  return [
    { op: "add", path, value: "-" },
    { op: "remove", path },
  ];
}

/** What counts when the API server refuses the whole report. */
const ESSENTIAL = ["phase", "reason", "error", "startedAt", "finishedAt", "duration"];

function essentialOf(fields: EntryFields, refusal: string): EntryFields {
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([name]) => ESSENTIAL.includes(name))),
    warnings: [`the API server refused the full report: ${refusal.slice(0, 500)}`],
  };
}

export interface ReporterPorts {
  readonly api: AgentApi;
  readonly log: Logger;
  /** Tells whether the entry, read afresh, is still this agent's. */
  isStillOurs(object: unknown): boolean;
}

export function createEntryReporter(address: EntryAddress, ports: ReporterPorts): EntryReporter {
  const { api, log } = ports;
  const lost = new AbortController();
  let pending: EntryFields = {};
  let running: Promise<void> | undefined;
  let isReduced = false;
  let refusal: unknown;

  /** After a refusal: is the entry ours, and is it the value that is refused? */
  async function onRejected(message: string, sent: EntryFields): Promise<void> {
    const answer = await api.get(address.object);
    if (answer.kind === "gone" || (answer.kind === "ok" && !ports.isStillOurs(answer.object))) {
      lost.abort(new Error("the entry was given to another pod or is gone"));
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

  async function take(answer: ApiAnswer, sent: EntryFields): Promise<"ok" | "again"> {
    switch (answer.kind) {
      case "ok":
        return "ok";
      case "gone":
        lost.abort(new Error("the object is gone"));
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
    const backoff = createBackoff({ firstMs: 200, maxMs: 15_000 });
    while (Object.keys(pending).length > 0 && !lost.signal.aborted) {
      const sent = pending;
      pending = {};
      const outcome = await take(await api.patchStatus(address.object, entryPatch(address, sent)), sent);
      if (outcome === "ok") backoff.reset();
      else if (!lost.signal.aborted) await backoff.wait();
    }
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
    set(fields) {
      pending = { ...pending, ...fields };
      void start();
    },
    async flush() {
      while ((running !== undefined || Object.keys(pending).length > 0) && !lost.signal.aborted) await start();
      if (refusal !== undefined) throw refusal;
      return !lost.signal.aborted;
    },
  };
}
