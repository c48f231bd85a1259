/**
 * The thread that looks at objects for `/validate`. Whoever may write one of our objects decides how much work that is; here it keeps
 * neither `/mutate` nor the probes waiting, and can be ended.
 */
import { parentPort } from "node:worker_threads";
import { findJsonFault, MAX_JSON_DEPTH, MAX_JSON_PARTS } from "../json-size.ts";
import { parseReview } from "../review.ts";
import type { InspectorMessage } from "./inspector.ts";
import { type InspectedRequest, inspectRequest } from "./objects.ts";

function* inspect(body: string): Generator<InspectorMessage> {
  const sizeFault = findJsonFault(body, { maxParts: MAX_JSON_PARTS });
  const review = sizeFault === undefined ? parseReview(body) : { fault: `the body can't be read: ${sizeFault}` };
  if ("fault" in review) {
    yield { kind: "fault", fault: review.fault };
    return;
  }
  const { object: _object, oldObject: _oldObject, ...request } = review.request;
  yield { kind: "begun", head: { apiVersion: review.apiVersion, request } };
  const depthFault = findJsonFault(body, { maxParts: MAX_JSON_PARTS, maxDepth: MAX_JSON_DEPTH });
  const inspected: InspectedRequest =
    depthFault === undefined
      ? inspectRequest(review.request)
      : { kind: "denied", message: `the object can't be checked: ${depthFault} (next: make it simpler)` };
  yield { kind: "done", inspected };
}

function say(message: InspectorMessage): void {
  parentPort?.postMessage(message);
}

parentPort?.on("message", (body: string) => {
  for (const message of inspect(body)) say(message);
});
say({ kind: "ready" });
