/** Writes the status of a run. What the API server refuses ends the run with its words; it is not sent again for ever. */
import type { KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient, Parse } from "../../shared/kube/client/interface.ts";
import type { EventSubject } from "../../shared/kube/events/object.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { Logger } from "../../shared/log.ts";
import { mergeStatus, type StatusWrite } from "../write/status-patch.ts";
import { withShortTexts } from "./refused-status.ts";

export interface RunStatusChange {
  readonly resource: Resource;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly resourceVersion?: string | undefined;
  };
  /** `status` as it was read. */
  readonly before: unknown;
  /** `status` as it was decided. */
  readonly after: unknown;
}

/** What was refused, and what stands in its place. */
export interface Refusal {
  readonly error: KubeError;
  readonly instead: "short" | "end";
}

export type RunStatusWrite<T> =
  | Exclude<StatusWrite<T>, { kind: "refused" } | { kind: "written" }>
  | { readonly kind: "written"; readonly object: T; readonly refused: Refusal | undefined };

/**
 * Writes the status if the object is still at the version that was read.
 *
 * @param form.endWith the status that ends the run, from the API server's words
 * @throws KubeError when the API server can't be reached, or refuses even the end
 */
export async function writeRunStatus<T>(
  client: Pick<KubeClient, "patchStatus">,
  { resource, metadata, before, after }: RunStatusChange,
  form: { readonly parse: Parse<T>; endWith(words: string): unknown },
  signal: AbortSignal,
): Promise<RunStatusWrite<T>> {
  const { namespace, name, resourceVersion } = metadata;
  const send = (wanted: unknown): Promise<StatusWrite<T>> => {
    const change = { before, after: wanted, resourceVersion };
    return mergeStatus(client, { resource, namespace, name }, change, form.parse, { signal });
  };
  let write = await send(after);
  let refused: Refusal | undefined;
  if (write.kind === "refused") {
    refused = { error: write.error, instead: "short" };
    write = await send(withShortTexts(after));
  }
  if (write.kind === "refused") {
    refused = { error: write.error, instead: "end" };
    write = await send(form.endWith(write.error.detail));
  }
  if (write.kind === "refused") throw write.error;
  return write.kind === "written" ? { ...write, refused } : write;
}

interface Listeners {
  readonly log: Logger;
  readonly events: Pick<EventRecorder, "record">;
}

/**
 * Tells a person what the API server refused, if it did.
 *
 * @param what the run as the log names it
 * @returns whether the run ended by it, so that nothing else of the decision may be done
 */
export function tellRefusal(
  { log, events }: Listeners,
  what: Readonly<Record<string, string>>,
  subject: EventSubject,
  refused: Refusal | undefined,
): boolean {
  if (refused === undefined) return false;
  const { error, instead } = refused;
  const isEnd = instead === "end";
  log.error(
    { ...what, error: error.message },
    isEnd ? "status refused, the run ends" : "status refused, texts are cut",
  );
  const did = isEnd ? "the run ends" : "its texts are cut";
  events.record(subject, "Warning", "Status Refused", `the API server refused the status, ${did}: ${error.detail}`);
  return isEnd;
}
