/** Answers one call of the Snapshot API: who asks, whether he may, and what he gets. */
import { KINDS } from "../../shared/api/kinds.ts";
import { messageOf } from "../../shared/errors.ts";
import { isExpired, KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Logger } from "../../shared/log.ts";
import { askAccess } from "../access-review.ts";
import type { UserFacts } from "../review.ts";
import { type DeletionOrders, MOST_ORDERS } from "./deletion-orders.ts";
import { DISCOVERY, isDiscovery } from "./discovery.ts";
import { gatherList, gatherOne } from "./gather.ts";
import { type Call, type OneCall, type RequestLine, readCall, readDeleteOptions } from "./read-call.ts";
import { chooseForm, representList, representOne } from "./represent.ts";
import { formatStatus, Refusal, Refused } from "./status.ts";
import { watchOne } from "./watch-one.ts";

export interface AnswerPorts {
  readonly client: Pick<KubeClient, "create" | "find" | "listPages">;
  readonly orders: DeletionOrders;
  readonly now: () => Date;
  readonly log: Pick<Logger, "info" | "warn">;
}

export interface ApiRequest extends RequestLine {
  /** For whom the front proxy asks. */
  readonly caller: UserFacts;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: object;
  readonly warnings: readonly string[];
  /** Of a watch, which follow each other in place of the body. */
  readonly events?: AsyncIterable<object>;
}

const TIMEOUT_MS = 5_000;
/** Thousands of Repositories are many pages. */
const LIST_TIMEOUT_MS = 30_000;

/** Never throws: what goes wrong is a Status. */
export async function answerCall(request: ApiRequest, ports: AnswerPorts): Promise<ApiAnswer> {
  try {
    return await answer(request, ports);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal.why === "InternalError" || refusal.why === "ServiceUnavailable") {
      ports.log.warn({ err: error }, "call of the Snapshot API can't be answered");
    }
    return refused(refusal);
  }
}

export function refused(refusal: Refusal): ApiAnswer {
  return { status: Refused[refusal.why].code, body: formatStatus(refusal), warnings: [] };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isExpired(error)) return new Refusal("BadRequest", "the list changed under way: begin it anew");
  const isAway = error instanceof KubeError || (error instanceof Error && error.name === "TimeoutError");
  // Words of the API server may name what the caller may not see.
  return isAway
    ? new Refusal("ServiceUnavailable", "the API server did not answer the webhook; try again")
    : new Refusal("InternalError", "the request can't be answered");
}

async function answer(request: ApiRequest, ports: AnswerPorts): Promise<ApiAnswer> {
  const known = isDiscovery(request.method, request.path) ? DISCOVERY.get(request.path) : undefined;
  if (known !== undefined) {
    // There is one form of it alone.
    const { as } = chooseForm(request.accept);
    if (as !== "Object") throw new Refusal("NotAcceptable", "discovery has no such form");
    return { status: 200, body: known, warnings: [] };
  }
  const call = readCall(request);
  const timeoutMs = call.verb === "list" ? LIST_TIMEOUT_MS : TIMEOUT_MS;
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
  await requireAccess(call, request.caller, { ...ports, signal });
  const gathering = { ...ports, signal, now: ports.now() };
  if (call.verb === "list") {
    const { snapshots, warnings, ...page } = await gatherList(call, gathering);
    const body = representList(snapshots, { resourceVersion: "", ...page }, call.form, call.included);
    return { status: 200, body, warnings };
  }
  if (call.verb === "watch") {
    const following = AbortSignal.any([request.signal, AbortSignal.timeout(call.timeoutMs)]);
    const events = await watchOne(call, { ...gathering, signal: following });
    return { status: 200, body: {}, warnings: [], events };
  }
  if (call.verb === "delete") return deleteOne(call, request, { ...ports, signal });
  const { snapshot } = await gatherOne(call, gathering);
  return { status: 200, body: representOne(snapshot, call.form, call.included), warnings: [] };
}

type Asking = Pick<AnswerPorts, "client"> & { readonly signal: AbortSignal };

/** @throws Refusal Forbidden, in the words of Kubernetes; ServiceUnavailable where nobody says */
async function requireAccess(call: Call, user: UserFacts, { client, signal }: Asking): Promise<void> {
  const { group, plural } = KINDS.Snapshot;
  const { verb, namespace = "" } = call;
  const name = call.verb === "list" ? call.fields.name : call.name;
  const access = { verb, group, resource: plural, namespace, ...(name !== undefined && { name }) };
  let isAllowed: boolean;
  try {
    isAllowed = await askAccess(client, user, access, { timeoutMs: TIMEOUT_MS, signal });
  } catch (error) {
    throw new Refusal("ServiceUnavailable", `whether you may ${verb} ${plural} is not known: ${messageOf(error)}`);
  }
  if (isAllowed) return;
  const what = `${plural}.${group}${name === undefined ? "" : ` "${name}"`}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const who = `User "${user.username}" cannot ${verb} resource "${plural}" in API group "${group}" ${where}`;
  throw new Refusal("Forbidden", `${what} is forbidden: ${who}`, name);
}

/** The snapshot goes on being listed, as one that is being deleted, until it is gone from the repository. */
async function deleteOne(
  call: OneCall,
  { caller, body, query }: ApiRequest,
  ports: AnswerPorts & { readonly signal: AbortSignal },
): Promise<ApiAnswer> {
  const { orders, signal, log } = ports;
  const now = ports.now();
  const { repository, listed, snapshot, openDeletions } = await gatherOne(call, { ...ports, now });
  const { isDryRun } = readDeleteOptions(body, query, { name: call.name, id: listed.id });
  if (repository.status?.integrity === false) {
    const why = `Repository ${call.namespace}/${repository.metadata.name} was found damaged: nothing is taken out of it`;
    throw new Refusal("Conflict", why, call.name);
  }
  const isOrdered = snapshot.metadata.deletionTimestamp !== undefined;
  if (!isOrdered && openDeletions >= MOST_ORDERS) {
    const why = `${openDeletions} snapshots of namespace ${call.namespace} wait for their deletion already, and no more than ${MOST_ORDERS} may`;
    const next = `delete the others when those are gone; where that does not go on, kubectl get repository -n ${call.namespace} -o yaml says why in status.maintenanceRuns`;
    throw new Refusal("TooManyRequests", `${why} (next: ${next})`, call.name);
  }
  if (!isDryRun) {
    await orders.create(repository, listed.id, caller.username, signal);
    log.info({ namespace: call.namespace, snapshot: call.name, user: caller.username }, "snapshot to be deleted");
  }
  const deletionTimestamp = snapshot.metadata.deletionTimestamp ?? `${now.toISOString().slice(0, 19)}Z`;
  const deleted = { ...snapshot, metadata: { ...snapshot.metadata, deletionTimestamp } };
  return { status: 200, body: representOne(deleted, call.form, call.included), warnings: [] };
}
