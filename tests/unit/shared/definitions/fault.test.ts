import { describe, expect, test } from "vitest";
import { findDefinitionFaults, formatDefinitionFault } from "../../../../shared/definitions/fault.ts";
import { STORED } from "../../../../shared/definitions/stored-schemas.ts";
import { UPSTREAM_FIELDS, unfoldFields } from "../../../support/api/upstream-fields.ts";
import { dropField, schemasOfFiles } from "./published.ts";

test("definitions of this version are at no fault", () => {
  expect(findDefinitionFaults(schemasOfFiles())).toEqual([]);
});

test.each(STORED.map(({ entry }) => [entry.kind, `${entry.plural}.${entry.group}`]))(
  "a server without %s lacks its definition",
  (kind, name) => {
    const schemas = schemasOfFiles();
    schemas.delete(kind);
    const faults = findDefinitionFaults(schemas);
    expect(faults).toEqual([{ name, dropped: [], forgets: false }]);
    expect(faults.map(formatDefinitionFault)).toEqual([`definition ${name} is missing`]);
  },
);

describe("a field that a definition drops", () => {
  test.each([
    ["Repository", "spec.maintenance", "spec.maintenance"],
    ["BackupSession", "status.observedGeneration", "status.observedGeneration"],
    ["BackupSession", "status.targets.[].stats.[].starts", "status.targets.stats.starts"],
    ["RestoreBatch", "spec.dryRun", "spec.dryRun"],
    ["HostRun", "spec.owed", "spec.owed"],
  ])("%s %s is told, and work goes on", (kind, path, told) => {
    const schemas = schemasOfFiles();
    dropField(schemas, kind, path);
    expect(findDefinitionFaults(schemas)).toMatchObject([{ dropped: [told], forgets: false }]);
  });

  test.each([
    ["BackupSession", "status"],
    ["BackupSession", "status.targets"],
    ["BackupSession", "status.targets.[].hooks"],
    ["BackupSession", "status.targets.[].stats.[].podUID"],
    ["BackupSession", "status.targets.[].stats.[].attempt"],
    ["BackupSession", "status.hooks"],
    ["RestoreSession", "status.stats.[].podUID"],
    ["RestoreBatch", "status.members.[].stats"],
    ["RestoreBatch", "status.members.[].hooks"],
    ["HostRun", "spec.pod"],
    ["HostRun", "status.phase"],
  ])("%s %s would be forgotten: no work begins", (kind, path) => {
    const schemas = schemasOfFiles();
    dropField(schemas, kind, path);
    const [fault, ...others] = findDefinitionFaults(schemas);
    expect(fault).toMatchObject({ forgets: true });
    expect(others).toEqual([]);
    expect(fault && formatDefinitionFault(fault)).toMatch(/^definition \S+ drops status|^definition \S+ drops spec/);
  });
});

test("upstream's definitions remember nothing that we begin", () => {
  const ours = schemasOfFiles();
  const upstream = new Map(
    Object.entries(UPSTREAM_FIELDS).map(([kind, fields]) => [kind, schemaOf(unfoldFields(fields))] as const),
  );
  const hostRuns = ours.get("HostRun");
  const faults = findDefinitionFaults(new Map([...ours, ...upstream, ["HostRun", hostRuns]]));
  const forgetful = faults.filter(({ forgets }) => forgets).map(({ name }) => name.split(".")[0]);
  expect(forgetful).toEqual(["backupsessions", "restoresessions", "restorebatches"]);
  expect(
    formatDefinitionFault(faults.find(({ forgets }) => forgets) ?? { name: "", dropped: [], forgets: false }),
  ).toMatch(/and \d+ more from what is written, so nothing would remember what was begun$/);
});

test("a definition that keeps unknown fields drops none", () => {
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  expect(findDefinitionFaults(new Map(STORED.map(({ entry }) => [entry.kind, open])))).toEqual([]);
});

interface Node {
  readonly properties?: Record<string, Node>;
  readonly items?: Node;
}

/** A schema with these fields and no other. */
function schemaOf(fields: readonly { readonly keys: readonly string[] }[]): Node {
  const below = new Map<string, (readonly string[])[]>();
  for (const { keys } of fields) {
    const [first, ...rest] = keys;
    if (first === undefined) continue;
    below.set(first, [...(below.get(first) ?? []), rest]);
  }
  const children = [...below].map(([key, rests]) => [key, schemaOf(rests.map((keys) => ({ keys })))] as const);
  const items = children.find(([key]) => key === "[]")?.[1];
  return items === undefined ? { properties: Object.fromEntries(children) } : { items };
}
