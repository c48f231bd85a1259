/** A database is a row, an addon, and its programs in the image: all else is made of these. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { ADDONS } from "../../../agent/dump/addons/registry.ts";
import { catalogueNames, isReplacedAddon } from "../../../reconciler/jobs/catalogue-names.ts";
import { INSTALLED_PACKAGES } from "../../../scripts/image-root/contents.ts";
import { renderDatabaseCatalogue } from "../../../scripts/manifests/database-catalogue.ts";
import { DATABASE_NAMES, DATABASES, databaseCommand } from "../../../shared/databases.ts";
import { defaultTaskName } from "../../../shared/target/app-binding.ts";

const root = resolve(import.meta.dirname, "../../..");

test.each(DATABASE_NAMES)("%s is known wherever databases are", (name) => {
  const { exampleVersion, clientPackage, parameters } = DATABASES[name];
  expect(Object.keys(ADDONS)).toContain(name);
  expect(catalogueNames(`${name}-backup-${exampleVersion}`)).toContain(`${name}-backup`);
  expect(isReplacedAddon(`example.org/stashed/stash-${name}:1.0`)).toBe(true);
  expect(defaultTaskName("AppBinding", { type: name }, "restore")).toBe(`${name}-restore`);
  expect(INSTALLED_PACKAGES).toContain(clientPackage);
  expect(readFileSync(join(root, "Dockerfile"), "utf8")).toMatch(new RegExp(`\\b${clientPackage}\\b`));
  const { server } = DATABASES[name];
  expect(server.image).toMatch(/^[a-z.]+\/[a-z/]+$/);
  expect(ADDONS[name].defaultUser).toBe(server.user);
  expect(JSON.stringify(server.files("/somewhere/files"))).toContain("/somewhere/files");
  const catalogue = renderDatabaseCatalogue();
  const text = catalogue.find(({ path }) => path === `${name}.yaml`)?.text ?? "";
  for (const verb of ["backup", "restore"] as const) {
    expect(text).toContain(`- ${databaseCommand(name, verb)}\n`);
    for (const { flag, name: param } of parameters[verb]) expect(text).toContain(`--${flag}=\${${param}:=`);
  }
  expect(catalogue.find(({ path }) => path === "kustomization.yaml")?.text).toContain(`- ${name}.yaml\n`);
});

test("no other file of the programs names a database", () => {
  const naming = ["agent", "reconciler", "webhook", "shared", "cli", "scripts/image-root", "scripts/manifests"]
    .flatMap((folder) => {
      return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`);
    })
    .filter((path) => path.endsWith(".ts") && !path.startsWith("agent/dump/addons/"))
    // What stands in comments and help is for people.
    .filter((path) =>
      /["'`/]mariadb\b|\bmariadb["'`:]/i.test(readFileSync(join(root, path), "utf8").replace(/\/\*.*?\*\//gs, "")),
    );
  expect(naming).toEqual(["shared/databases.ts"]);
});
