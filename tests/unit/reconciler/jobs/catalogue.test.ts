import { describe, expect, test } from "vitest";
import { catalogueNames, isReplacedAddon } from "../../../../reconciler/jobs/catalogue-names.ts";
import { joinImage, splitImage } from "../../../../reconciler/jobs/image.ts";
import { functions, resolved, tasks } from "./builders.ts";

describe("the catalogue", () => {
  test.each([
    ["mysql-backup-8.0.21", "mysql-backup"],
    ["mysql-restore-5.7.25", "mysql-restore"],
    ["mariadb-backup-10.6.23", "mariadb-backup"],
    ["mariadb-restore-10.5.8-v7", "mariadb-restore"],
    ["postgres-backup-13.1-v1", "postgres-backup"],
    ["postgres-restore-9.6.19", "postgres-restore"],
    ["postgres-backup-18.2", "postgres-backup"],
    ["mysql-backup", "mysql-backup"],
    ["pvc-backup", "pvc-backup"],
    ["pvc-restore", "pvc-restore"],
  ])("serves the Task name %s of the manuals by %s", (name, expected) => {
    expect(resolved(name).task.metadata.name).toBe(expected);
  });

  test("has a Function for each step of each Task", () => {
    expect(tasks.length).toBe(8);
    for (const { metadata } of tasks) expect(resolved(metadata.name).functions.length).toBeGreaterThan(0);
    expect(functions.map(({ metadata }) => metadata.name)).toContain("update-status");
  });
});

describe("a name", () => {
  test.each([
    ["postgres-backup-13.1-v2", ["postgres-backup-13.1-v2", "postgres-backup-13.1", "postgres-backup"]],
    ["my-own-task", ["my-own-task"]],
    ["my-own-task-v2", ["my-own-task-v2", "my-own-task"]],
    ["mongodb-backup-5.0.3", ["mongodb-backup-5.0.3"]],
    ["mysql-backup-of-mine", ["mysql-backup-of-mine"]],
  ])("%s is looked for as %j", (name, expected) => {
    expect(catalogueNames(name)).toEqual(expected);
  });
});

test.each([
  ["ghcr.io/stashed/stash-mysql:8.0.21-v33", true],
  ["stashed/stash-postgres:13.1", true],
  ["stashed/stash-mariadb", true],
  ["ghcr.io/stashed/stash-mongodb:5.0.3", false],
  ["registry.example.org/mirror/stash-mysql:8", false],
  ["mystashed/stash-mysql:8", false],
])("L4: whether addon image %s is replaced by ours: %s", (image, expected) => {
  expect(isReplacedAddon(image)).toBe(expected);
});

test.each([
  ["registry.example.org:5000/team/stash:1.2", "registry.example.org:5000/team/stash:1.2"],
  ["registry.example.org/stash", "registry.example.org/stash:latest"],
  ["stash:dev", "docker.io/library/stash:dev"],
  ["r/stash:1@sha256:abc", "r/stash:1@sha256:abc"],
  ["r/stash@sha256:abc", "r/stash:latest@sha256:abc"],
])("image %s comes back from upstream's three variables as %s", (image, expected) => {
  expect(joinImage(splitImage(image))).toBe(expected);
});
