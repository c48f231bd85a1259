import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { importedFile, importsOf, ROOT, sourceFiles } from "../../support/tree/sources.ts";

const PROGRAMS = ["webhook", "reconciler", "agent", "certs", "cli"] as const;
const PRODUCT = [...PROGRAMS, "shared", "web"];

/** What each file imports of ours. What is loaded later, when a command is called, is no part of a circle. */
const imports = new Map(
  PRODUCT.flatMap(sourceFiles).map((file) => [
    file,
    importsOf(file)
      .filter(({ isLate }) => !isLate)
      .flatMap((found) => importedFile(found) ?? []),
  ]),
);

/** All that the files load, and the files themselves. */
function reach(files: readonly string[], next: (file: string) => readonly string[]): ReadonlySet<string> {
  const seen = new Set(files);
  for (const file of seen) for (const found of next(file)) seen.add(found);
  return seen;
}

test("no file comes back to itself by what it imports, types included", () => {
  const circles = [...imports].filter(([file, found]) => reach(found, (one) => imports.get(one) ?? []).has(file));
  expect(circles.map(([file]) => file)).toEqual([]);
});

/** Files of shared/ that one program uses, and why they are there all the same. */
const SHARED_FOR_ONE: Readonly<Record<string, string>> = {
  "shared/kube/exec/pod.ts": "a part of the client, and the tests' way into pods",
  "shared/kube/exec/bounded-output.ts": "the same",
};

test("what one program alone uses lives in that program", () => {
  const users = new Map<string, Set<string>>();
  for (const program of PROGRAMS) {
    const intoShared = (file: string) => (imports.get(file) ?? []).filter((found) => found.startsWith("shared/"));
    // What cli runs of another program is that program's use.
    const own = sourceFiles(program);
    for (const file of reach(own.flatMap(intoShared), intoShared)) {
      users.set(file, (users.get(file) ?? new Set()).add(program));
    }
  }
  const lonely = sourceFiles("shared").filter((file) => (users.get(file)?.size ?? 0) < 2);
  expect(lonely.sort()).toEqual(Object.keys(SHARED_FOR_ONE).sort());
});

/** A name that is not the folder's own word. */
const NAMED_OTHERWISE: Readonly<Record<string, string>> = {
  "certs/cert-manager-check.ts": "cert-manager is the name of another project",
};

test("no file repeats its folder's name", () => {
  const repeats = [...imports.keys()].filter((file) => {
    const folder = basename(dirname(file));
    const one = folder.replace(/ies$/, "y").replace(/s$/, "");
    const words = basename(file).replace(/\.tsx?$/, "");
    return [folder, one].some((name) => `-${words}-`.includes(`-${name}-`));
  });
  expect(repeats.sort()).toEqual(Object.keys(NAMED_OTHERWISE).sort());
});

/** What starts a program, or is loaded by its name. */
const BEGINNINGS = [/(^|\/)main\.tsx?$/, /^cli\/kubectl-stash\.ts$/, /^webhook\/validate\/worker\.ts$/];

test("every file is imported, or starts a program", () => {
  const known = new Set(
    [...PRODUCT, "scripts"]
      .flatMap(sourceFiles)
      .flatMap(importsOf)
      .flatMap((found) => importedFile(found) ?? []),
  );
  const forNobody = [...imports.keys()].filter((file) => !known.has(file) && !BEGINNINGS.some((one) => one.test(file)));
  expect(forNobody).toEqual([]);
});

/** By file: what the files of some folders import of it. */
function importedNames(folders: readonly string[]) {
  const found = folders.flatMap(sourceFiles).flatMap(importsOf);
  const byFile = Map.groupBy(found, (one) => importedFile(one) ?? "");
  return (file: string, name: string) =>
    (byFile.get(file) ?? []).some(({ names }) => names === "all" || names.includes(name));
}

test("what a file exports is for somebody else, and not for tests alone", () => {
  const inProduct = importedNames([...PRODUCT, "scripts"]);
  const inTests = importedNames(["tests", "bench"]);
  const idle = [...imports.keys()].flatMap((file) => {
    if (BEGINNINGS.some((one) => one.test(file))) return [];
    const text = readFileSync(join(ROOT, file), "utf8");
    const exported = text.matchAll(/^export (?:async )?(?:function[*]?|const|class) (\w+)/gm);
    return [...exported].flatMap(([, name = ""]) => {
      const isUsedHere = text.split(new RegExp(`\\b${name}\\b`)).length > 2;
      return inProduct(file, name) || (isUsedHere && inTests(file, name)) ? [] : [`${file}: ${name}`];
    });
  });
  expect(idle).toEqual([]);
});
