/** The writing half of the client, with what a repetition of each write can do. */
import { textAt } from "../../json/value.ts";
import { buildPath, buildQuery, formatResource, type Query, type Resource } from "../resource.ts";
import { callLimits, readAnswer } from "./call-defaults.ts";
import type { Calls } from "./calls.ts";
import { isNotFound, KubeError } from "./error.ts";
import type { DeleteOptions, KubeClient, Parse, WriteOptions } from "./interface.ts";
import { isRepeatablePatch, PATCH_CONTENT_TYPE, type Patch, patchBody } from "./patch.ts";
import type { Repeatability } from "./retry.ts";
import type { HttpCall } from "./round-trip.ts";

export type KubeWrites = Pick<
  KubeClient,
  "create" | "createSubresource" | "update" | "updateStatus" | "patch" | "patchStatus" | "delete"
>;

/** What a write addresses: a collection, an object or a subresource. */
interface Address {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** Name and subresource. */
  readonly segments: readonly string[];
}

interface Write {
  readonly verb: "create" | "update" | "patch";
  /** Name of what is created, if it is known before. */
  readonly name?: string | undefined;
  readonly method: HttpCall["method"];
  readonly body: string;
  readonly contentType: string;
  readonly repeatability: Repeatability;
  readonly query?: Query;
}

/** @param program owner of the written fields */
export function createWrites(calls: Calls, program: string): KubeWrites {
  async function run<T>(address: Address, write: Write, parse: Parse<T>, call: WriteOptions): Promise<T> {
    const { resource, namespace, segments } = address;
    const action = `${write.verb} ${formatResource(resource, namespace, segments.join(" ") || write.name)}`;
    const fieldManager = call.fieldManager ?? program;
    const query = { ...write.query, fieldManager, dryRun: call.dryRun === true ? "All" : undefined };
    const body = await calls.call({
      action,
      method: write.method,
      path: buildPath(resource, namespace, ...segments) + buildQuery(query),
      headers: { "content-type": write.contentType },
      body: write.body,
      repeatability: call.repeatability ?? write.repeatability,
      ...callLimits(call),
    });
    return parse(readAnswer(action, body));
  }

  return {
    create: (resource, namespace, body, parse, call = {}) =>
      run({ resource, namespace, segments: [] }, createOf(body), parse, call),
    createSubresource: (resource, namespace, name, subresource, body, parse, call = {}) =>
      run({ resource, namespace, segments: [name, subresource] }, createOf(body), parse, call),
    update: (resource, namespace, body, parse, call = {}) =>
      run({ resource, namespace, segments: [nameOf(body)] }, replaceOf(body), parse, call),
    updateStatus: (resource, namespace, body, parse, call = {}) =>
      run({ resource, namespace, segments: [nameOf(body), "status"] }, replaceOf(body), parse, call),
    patch: (resource, namespace, name, patch, parse, call = {}) =>
      run({ resource, namespace, segments: [name] }, changeOf(patch), parse, call),
    patchStatus: (resource, namespace, name, patch, parse, call = {}) =>
      run({ resource, namespace, segments: [name, "status"] }, changeOf(patch), parse, call),
    delete: (resource, namespace, name, call = {}) => remove(calls, resource, namespace, name, call),
  };
}

const JSON_TYPE = "application/json";

function nameOf(body: unknown): string {
  return textAt(body, "metadata", "name") ?? "";
}

function createOf(body: unknown): Write {
  // A fixed name makes the second of two creates fail; a generated one, or none as in reviews, makes a second thing.
  const name = nameOf(body) || undefined;
  const repeatability = name === undefined ? "once" : "repeatable";
  return { verb: "create", name, method: "POST", contentType: JSON_TYPE, body: JSON.stringify(body), repeatability };
}

function replaceOf(body: unknown): Write {
  // Without a version a late repetition would overwrite what another wrote in between.
  const repeatability = textAt(body, "metadata", "resourceVersion") === undefined ? "once" : "repeatable";
  return { verb: "update", method: "PUT", contentType: JSON_TYPE, body: JSON.stringify(body), repeatability };
}

function changeOf(patch: Patch): Write {
  return {
    verb: "patch",
    method: "PATCH",
    contentType: PATCH_CONTENT_TYPE[patch.kind],
    body: patchBody(patch),
    repeatability: isRepeatablePatch(patch) ? "repeatable" : "once",
    ...(patch.kind === "apply" ? { query: { force: patch.force ?? false } } : {}),
  };
}

async function remove(
  calls: Calls,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  call: DeleteOptions,
): Promise<boolean> {
  const { propagationPolicy, gracePeriodSeconds, uid, resourceVersion } = call;
  const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion };
  try {
    await calls.call({
      action: `delete ${formatResource(resource, namespace, name)}`,
      method: "DELETE",
      path: buildPath(resource, namespace, name),
      headers: { "content-type": JSON_TYPE },
      body: JSON.stringify({ propagationPolicy, gracePeriodSeconds, preconditions }),
      repeatability: "repeatable",
      ...callLimits(call),
    });
    return true;
  } catch (thrown) {
    if (isNotFound(thrown) || isReplaced(thrown)) return false;
    throw thrown;
  }
}

/** API servers say it in two ways, depending on how far the deletion came. */
const UID_DIFFERS = /UID in (the )?precondition/;

/** The name now belongs to another object: the one meant is gone. */
function isReplaced(thrown: unknown): boolean {
  return thrown instanceof KubeError && thrown.status === 409 && UID_DIFFERS.test(thrown.detail);
}
