import { expect, test } from "vitest";
import { namedInvokers } from "../../../../cli/pause/run.ts";
import { flagValues } from "../../../../cli/program/flag-values.ts";
import { UsageError } from "../../../../cli/program/usage-error.ts";

test("batches are named by words, or in upstream's words", () => {
  expect(namedInvokers(["shop", "blog"], flagValues({}))).toEqual(["shop", "blog"]);
  expect(namedInvokers(["backup"], flagValues({ backupbatch: "shop" }))).toEqual(["backupbatch/shop"]);
  expect(namedInvokers(["backup"], flagValues({ backupconfig: "files" }))).toEqual(["backupconfiguration/files"]);
  // A batch of that name is one like others.
  expect(namedInvokers(["backup"], flagValues({}))).toEqual(["backup"]);
});

test("none is a mistake", () => {
  expect(() => namedInvokers([], flagValues({}))).toThrow(UsageError);
});
