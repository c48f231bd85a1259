/** AdmissionReview v1 and v1beta1: what comes in, and what goes out. */
import { textMapAt } from "../shared/injection/workload.ts";
import { isJsonObject, listAt, parseJson, textAt, valueAt } from "../shared/json/value.ts";
import { toText } from "./known-text.ts";
import type { PatchOperation } from "./patch.ts";

const REVIEW_VERSIONS = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] as const;
type ReviewVersion = (typeof REVIEW_VERSIONS)[number];

export interface UserFacts {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface AdmissionRequest {
  readonly uid: string;
  /** Kind of the object as it was sent to us. */
  readonly kind: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty with `generateName`. */
  readonly name: string;
  readonly namespace: string;
  readonly operation: string;
  /** See `readUser`. */
  readonly userInfo: unknown;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** A request without what may be large. */
export type RequestFacts = Omit<AdmissionRequest, "object" | "oldObject">;

export interface ParsedReview {
  readonly apiVersion: ReviewVersion;
  readonly request: AdmissionRequest;
}

/** What is needed of a review to answer it. */
export interface ReviewHead {
  readonly apiVersion: ReviewVersion;
  readonly request: RequestFacts;
}

/** Why a body is not answered as a review, for the caller of our API. */
export interface ReviewFault {
  readonly fault: string;
  /** 400 when there is none: the body is no review. */
  readonly status?: number;
}

/** A review and what we say to it. */
export interface AnsweredReview {
  readonly review: ReviewHead;
  readonly answer: Answer;
}

/** Reads the body of a request. It is never thrown at: what can't be read is answered with what is wrong. */
export function parseReview(body: string): ParsedReview | ReviewFault {
  const raw = parseJson(body);
  if (!isJsonObject(raw)) return { fault: "the body is no JSON object" };
  const apiVersion = REVIEW_VERSIONS.find((version) => version === raw["apiVersion"]);
  if (apiVersion === undefined || raw["kind"] !== "AdmissionReview") {
    return { fault: `the body is no AdmissionReview of ${REVIEW_VERSIONS.join(" or ")}` };
  }
  const { request } = raw;
  const uid = textAt(request, "uid");
  if (!uid) return { fault: "request.uid is missing" };
  return {
    apiVersion,
    request: {
      uid,
      kind: textAt(request, "kind", "kind") ?? "",
      group: textAt(request, "kind", "group") ?? "",
      resource: textAt(request, "resource", "resource") ?? "",
      subresource: textAt(request, "subResource") ?? "",
      name: textAt(request, "name") ?? "",
      namespace: textAt(request, "namespace") ?? "",
      operation: textAt(request, "operation") ?? "",
      userInfo: valueAt(request, "userInfo"),
      object: valueAt(request, "object"),
      oldObject: valueAt(request, "oldObject"),
    },
  };
}

/** Who sent the request. */
export function readUser(raw: unknown): UserFacts {
  const extra = valueAt(raw, "extra");
  const lists = Object.keys(isJsonObject(extra) ? extra : {}).map((key) => [key, textsAt(extra, key)] as const);
  const { username = "", uid = "" } = textMapAt({ raw }, "raw");
  return { username, uid, groups: textsAt(raw, "groups"), extra: Object.fromEntries(lists) };
}

function textsAt(raw: unknown, key: string): readonly string[] {
  return listAt(raw, key).filter((item) => typeof item === "string");
}

/** What we say to a request. */
export interface Answer {
  readonly isAllowed: boolean;
  /** Reason and next step of a refusal. */
  readonly message?: string;
  readonly patch?: readonly PatchOperation[];
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** A message may list names of the object; nobody reads thousands of them. */
const MAX_MESSAGE_LENGTH = 8_000;

function cut(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}...` : text;
}

/** The API server shows 4,096 bytes of warnings in all, and cuts each at 256 when there are more. */
const MAX_WARNINGS = 15;

/**
 * The review that answers one, as JSON text. Warnings are known to v1 only. The patch, which is most of it, is text already
 * and goes in as it is: base64 needs no escapes.
 */
export function formatAnswer({ apiVersion, request }: ReviewHead, answer: Answer): string {
  const { isAllowed, message, patch, warnings = [], auditAnnotations } = answer;
  const showsWarnings = apiVersion === "admission.k8s.io/v1" && warnings.length > 0;
  const response = JSON.stringify({
    uid: request.uid,
    allowed: isAllowed,
    ...(message !== undefined && { status: { code: 403, reason: "Forbidden", message: cut(message) } }),
    ...(showsWarnings && { warnings: warnings.slice(0, MAX_WARNINGS).map(cut) }),
    ...(auditAnnotations !== undefined && { auditAnnotations }),
  });
  return `{"apiVersion":"${apiVersion}","kind":"AdmissionReview","response":${withPatch(response, patch)}}`;
}

function withPatch(response: string, patch: readonly PatchOperation[] | undefined): string {
  if (patch === undefined || patch.length === 0) return response;
  const text = Buffer.from(`[${patch.map(formatOperation).join(",")}]`).toString("base64");
  return `${response.slice(0, -1)},"patchType":"JSONPatch","patch":"${text}"}`;
}

function formatOperation(operation: PatchOperation): string {
  if (operation.op === "remove") return JSON.stringify(operation);
  const { op, path, value } = operation;
  return `{"op":"${op}","path":${JSON.stringify(path)},"value":${toText(value)}}`;
}
