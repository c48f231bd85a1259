import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Import, importedFile, importsOf, ROOT, sourceFiles } from "../../support/tree/sources.ts";

/** Which folders each folder may import from, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  shared: [],
  webhook: ["shared", "certs"],
  reconciler: ["shared", "certs"],
  agent: ["shared"],
  certs: ["shared"],
  cli: ["shared", "webhook", "reconciler", "agent", "certs", "web"],
  web: [],
};

function folderOf(found: Import): string | undefined {
  return importedFile(found)?.split("/")[0];
}

describe.each(Object.entries(ALLOWED))("%s", (folder, allowed) => {
  const imports = sourceFiles(folder).flatMap(importsOf);

  test("imports no other part of the product than it may", () => {
    const wrong = imports.filter((found) => {
      const target = folderOf(found);
      return target !== undefined && target !== folder && !allowed.includes(target);
    });
    expect(wrong).toEqual([]);
  });
});

test("the reconciler's queues are behind one door", () => {
  const owners = sourceFiles("reconciler")
    .flatMap(importsOf)
    .filter(({ names, isTypeOnly }) => !isTypeOnly && names.includes("WorkQueue"));
  expect(owners.map(({ file }) => file)).toEqual(["reconciler/queue-controller.ts"]);
});

test("the pages load preact and nothing else, and of them the programs know what goes over the wire alone", () => {
  const packages = sourceFiles("web")
    .flatMap(importsOf)
    .filter(({ specifier }) => !specifier.startsWith("."));
  expect([...new Set(packages.map(({ specifier }) => specifier))].sort()).toEqual(["preact", "preact/hooks"]);
  const ofPages = sourceFiles("cli")
    .flatMap(importsOf)
    .filter((found) => folderOf(found) === "web");
  expect(ofPages.length).toBeGreaterThan(0);
  const isWire = (found: Import) => importedFile(found)?.startsWith("web/wire/") === true;
  expect(ofPages.filter((found) => !isWire(found) || !found.file.startsWith("cli/ui/"))).toEqual([]);
  expect(
    sourceFiles("web/wire")
      .flatMap(importsOf)
      .filter((found) => !isWire(found)),
  ).toEqual([]);
});

test("the agent never loads the Kubernetes client library, the logger, or more of the schema library than its builders", () => {
  const heavy = ["@kubernetes/client-node", "typebox", "pino", "prom-client", "fastify"];
  const seen = new Set<string>();
  const queue = sourceFiles("agent").slice();
  const wrong: Import[] = [];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const found of importsOf(file)) {
      if (found.isTypeOnly) continue;
      const own = importedFile(found);
      if (own !== undefined) queue.push(own);
      else if (
        found.specifier !== "typebox/type" &&
        heavy.some((name) => found.specifier === name || found.specifier.startsWith(`${name}/`))
      ) {
        wrong.push(found);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test("files that decide import no input or output", () => {
  const io = /^(node:(fs|net|http|https|tls|child_process|dns|process)|@kubernetes\/client-node|fastify|pino)/;
  const deciding = Object.keys(ALLOWED)
    .flatMap(sourceFiles)
    .filter((file) => /(^|\/)decide[^/]*\.ts$/.test(file));
  const wrong = deciding.flatMap(importsOf).filter((found) => !found.isTypeOnly && io.test(found.specifier));
  expect(wrong).toEqual([]);
});

test("E1: no JSON patch tests a value: API servers compare their own spelling of it", () => {
  const found = Object.keys(ALLOWED)
    .flatMap(sourceFiles)
    .filter((file) => /\bop["']?: ["']test["']/.test(readFileSync(join(ROOT, file), "utf8")));
  expect(found).toEqual([]);
});
