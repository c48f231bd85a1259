/** Argo CD's health checks, run by Lua, and Flux' expressions, evaluated by the API server's CEL, over statuses as the product records them. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import jsonPatch, { type Operation } from "fast-json-patch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { HEALTH_EXPRESSIONS, OWN_PARTS } from "../../scripts/manifests/gitops/argocd.ts";
import { isJsonObject, listAt, parseJson, textAt } from "../../shared/json/value.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { eventually } from "../support/eventually.ts";
import { goldenNames, readGolden, readGoldenWorkload } from "../support/golden/cases.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import type { Kstatus } from "../support/status/kstatus.ts";
import { RECORDED_OBJECTS } from "../support/status/recorded-objects.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const GITOPS = join(ROOT, "manifests/gitops");
/** Of an object that holds a recorded one. */
const RECORDS = { group: "gitops.test", version: "v1", plural: "records", namespaced: false };

const settings: unknown = parse(readFileSync(join(GITOPS, "argocd-cm.yaml"), "utf8"));

/** A value as Lua writes it. */
function luaOf(value: unknown): string {
  if (value === null || value === undefined) return "nil";
  if (Array.isArray(value)) return `{ ${value.map(luaOf).join(", ")} }`;
  if (isJsonObject(value)) {
    return `{ ${Object.entries(value)
      .map(([key, child]) => `[${JSON.stringify(key)}] = ${luaOf(child)}`)
      .join(", ")} }`;
  }
  return JSON.stringify(value);
}

/** What the script of the object's kind answers. */
function healthOf(object: unknown): string {
  const [group = ""] = (textAt(object, "apiVersion") ?? "").split("/");
  const script = textAt(settings, "data", `resource.customizations.health.${group}_${textAt(object, "kind")}`) ?? "";
  const program = `local function check(obj)\n${script}\nend\nlocal h = check(${luaOf(object)})\nprint(h.status)\nprint(h.message)`;
  const [status = "", message = ""] = execFileSync("lua5.4", ["-"], { input: program, encoding: "utf8" }).split("\n");
  expect(message, status).not.toBe("");
  return status;
}

const HEALTH: Readonly<Record<Kstatus, string>> = {
  Current: "Healthy",
  InProgress: "Progressing",
  Failed: "Degraded",
  Terminating: "Progressing",
};

test("Argo CD reads of every kind and phase what kstatus reads", () => {
  const read = RECORDED_OBJECTS.map(({ kind, what, object }) => [kind, what, healthOf(object)]);
  expect(read).toEqual(RECORDED_OBJECTS.map(({ kind, what, kstatus }) => [kind, what, HEALTH[kstatus]]));
});

test("Argo CD shows a paused invoker as suspended, but only one that is well", () => {
  const paused = (what: string) => {
    const found = RECORDED_OBJECTS.find((one) => one.kind === "BackupBatch" && one.what === what);
    return healthOf({ ...found?.object, spec: { paused: true } });
  };
  expect(paused("Ready")).toBe("Suspended");
  expect(paused("Invalid")).toBe("Degraded");
});

/** Without empty lists and maps, which Kubernetes' own types leave out. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value)
    .map(([key, child]) => [key, withoutEmpty(child)] as const)
    .filter(([, child]) => child !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** As Argo CD compares: what is ignored is taken out of both sides. */
function compared(object: unknown): unknown {
  const filter = OWN_PARTS.map((part) => `del(${part})`).join(" | ");
  return withoutEmpty(
    parseJson(execFileSync("jq", ["-c", filter], { input: JSON.stringify(object), encoding: "utf8" })),
  );
}

/** The library's types know more operations than we make. */
function operationsOf(patch: unknown): Operation[] {
  return structuredClone(Array.isArray(patch) ? patch : []);
}

test("Argo CD sees no difference between a workload in Git and one with what the webhook adds", () => {
  const cases = goldenNames.flatMap((name) => {
    const workload = readGoldenWorkload(name);
    const reasons = ["backup", "restore"].map((role) => textAt(readGolden(name, "patch.json"), "reasons", role) ?? "");
    // Only what is added: changes of a container that is there already are the person's who put it into Git.
    const isAdded = reasons.some((reason) => ["Injected", "RestoreInjected"].includes(reason));
    // While it restores, a Deployment is not updated pod by pod: that is seen, and ends with the restore.
    const isHeld = JSON.stringify(readGolden(name, "patch.json")).includes("/spec/strategy");
    const isPlain = !JSON.stringify(workload).includes('"name":"stash') && !isHeld;
    return isAdded && isPlain ? [{ name, workload, patch: listAt(readGolden(name, "patch.json"), "patch") }] : [];
  });
  expect(cases.length).toBeGreaterThan(15);
  for (const { name, workload, patch } of cases) {
    const live: unknown = jsonPatch.applyPatch(structuredClone(workload), operationsOf(patch)).newDocument;
    expect(live, name).not.toEqual(workload);
    expect(compared(live), name).toEqual(compared(workload));
  }
});

/** A kind for anything, and a policy that refuses each object with what the expressions say of the one that it holds. */
async function defineRecords(client: KubeClient): Promise<void> {
  const { group, version, plural } = RECORDS;
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: open } } };
  const versions = [{ name: version, served: true, storage: true, schema }];
  const names = { plural, singular: "record", kind: "Record", listKind: "RecordList" };
  const definition = { metadata: { name: `${plural}.${group}` }, spec: { group, scope: "Cluster", names, versions } };
  await client.create(KUBERNETES.CustomResourceDefinition, undefined, definition, asIs);
  const said = Object.entries(HEALTH_EXPRESSIONS).map(([word, expression]) => {
    const ofRecord = expression.replaceAll(/\b(status|metadata)\./g, "object.spec.$1.");
    return `((${ofRecord}) ? '${word} ' : '')`;
  });
  const resourceRules = [{ apiGroups: [group], apiVersions: [version], resources: [plural], operations: ["CREATE"] }];
  const validations = [
    { expression: "false", message: "no answer", messageExpression: `'says: ' + ${said.join(" + ")}` },
  ];
  const policy = { metadata: { name: POLICY }, spec: { matchConstraints: { resourceRules }, validations } };
  await client.create(KUBERNETES.ValidatingAdmissionPolicy, undefined, policy, asIs);
  const binding = { metadata: { name: POLICY }, spec: { policyName: POLICY, validationActions: ["Deny"] } };
  await client.create(KUBERNETES.ValidatingAdmissionPolicyBinding, undefined, binding, asIs);
}

const POLICY = "gitops-test";
let client: KubeClient;

beforeAll(async () => {
  ({ client } = await openTestClient(sharedPlane().kubeconfigPath));
  await defineRecords(client);
});

afterAll(async () => {
  await client.delete(KUBERNETES.ValidatingAdmissionPolicyBinding, undefined, POLICY);
  await client.delete(KUBERNETES.ValidatingAdmissionPolicy, undefined, POLICY);
  await client.delete(KUBERNETES.CustomResourceDefinition, undefined, `${RECORDS.plural}.${RECORDS.group}`);
  client.close();
});

/** @returns undefined while the policy is not in force yet */
async function fluxReads(object: object): Promise<readonly string[] | undefined> {
  const { status, metadata } = { status: {}, metadata: {}, ...object };
  const body = { apiVersion: "gitops.test/v1", kind: "Record", metadata: { name: "one" }, spec: { status, metadata } };
  try {
    await client.create(RECORDS, undefined, body, asIs, { dryRun: true, maxRetries: 0 });
    return undefined;
  } catch (error) {
    const [, said] = (error instanceof KubeError && /says: (.*)$/.exec(error.detail)) || [];
    if (said === undefined) throw error;
    return said.trim().split(" ").filter(Boolean);
  }
}

/** In the order in which Flux asks. */
const FLUX_ORDER = ["inProgress", "failed", "current"];
const FLUX: Readonly<Record<string, string>> = { Current: "current", InProgress: "inProgress", Failed: "failed" };

test("Flux reads of every kind and phase what kstatus reads", async () => {
  const [first] = RECORDED_OBJECTS;
  if (first === undefined) throw new Error("nothing is recorded");
  await eventually(
    () => fluxReads(first.object).catch(() => undefined),
    (found) => found !== undefined,
    30_000,
  );
  const judged = RECORDED_OBJECTS.filter(({ kstatus }) => kstatus !== "Terminating");
  const read: unknown[] = [];
  for (const { kind, what, object } of judged) {
    const said = (await fluxReads(object)) ?? [];
    read.push([kind, what, FLUX_ORDER.find((word) => said.includes(word))]);
  }
  expect(read).toEqual(judged.map(({ kind, what, kstatus }) => [kind, what, FLUX[kstatus]]));
});
