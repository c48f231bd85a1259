/** What GitOps tools are told of our kinds. */
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { STORED_KINDS } from "../../../scripts/crds/definitions.ts";
import { readObjects } from "../../../scripts/manifests/compose.ts";
import { isJsonObject, textAt, valueAt } from "../../../shared/json/value.ts";
import { buildFullObject } from "../../support/api/full-object.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "manifests/gitops");
const schemaNames = readdirSync(join(folder, "schemas"));

function validatorOf(kind: string) {
  const entry = STORED_KINDS.find((one) => one.entry.kind === kind)?.entry;
  if (entry === undefined) throw new Error(`no kind ${kind}`);
  const text = readFileSync(join(folder, "schemas", `${kind.toLowerCase()}_${entry.version}.json`), "utf8");
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(text));
}

test("there is a schema of each kind, and no other", () => {
  const names = STORED_KINDS.map(({ entry }) => `${entry.kind.toLowerCase()}_${entry.version}.json`);
  expect(schemaNames.toSorted()).toEqual(names.toSorted());
});

describe.each(STORED_KINDS.map((kind) => [kind.entry.kind, kind] as const))("the schema of %s", (name, kind) => {
  const validate = validatorOf(name);

  test("takes an object with every field set", () => {
    validate(buildFullObject(kind, "full", "demo"));
    expect(validate.errors).toBeNull();
  });

  test("tells a field that is not there, and an object of another kind", () => {
    const full = buildFullObject(kind, "full", "demo");
    expect(validate({ ...full, spec: { ...full.spec, shedule: "0 2 * * *" } })).toBe(false);
    expect(validate({ ...full, kind: "Other" })).toBe(false);
  });
});

test("the schemas take every manifest of ours", () => {
  const files = globSync("manifests/{quickstart,examples}/*.yaml", { cwd: root });
  const ours = files
    .flatMap((file) => readObjects(join(root, file)))
    .filter((object) => textAt(object, "apiVersion")?.includes("appscode.com"));
  expect(ours.length).toBeGreaterThan(6);
  for (const object of ours) {
    const validate = validatorOf(textAt(object, "kind") ?? "");
    validate(object);
    expect(validate.errors, JSON.stringify(object)).toBeNull();
  }
});

const OBSERVED = STORED_KINDS.filter(({ entry }) => entry.statusSubresource).map(({ entry }) => entry);

test("Argo CD is told how to read each kind with a status", () => {
  const settings: unknown = parse(readFileSync(join(folder, "argocd-cm.yaml"), "utf8"));
  const data = valueAt(settings, "data");
  const keys = OBSERVED.map(({ group, kind }) => `resource.customizations.health.${group}_${kind}`);
  expect(Object.keys(isJsonObject(data) ? data : {}).toSorted()).toEqual(keys.toSorted());
});

test("Flux is told how to read each kind with a status", () => {
  const settings: unknown = parse(readFileSync(join(folder, "flux-health.yaml"), "utf8"));
  const checks = valueAt(settings, "spec", "healthCheckExprs");
  expect(checks).toEqual(OBSERVED.map(({ apiVersion, kind }) => expect.objectContaining({ apiVersion, kind })));
});
