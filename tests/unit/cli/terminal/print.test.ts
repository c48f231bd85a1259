import { expect, test } from "vitest";
import { parse } from "yaml";
import { Format } from "../../../../cli/program/command.ts";
import { printListing } from "../../../../cli/terminal/print.ts";
import { recordingTerminal } from "../../../support/cli/terminal.ts";

const LISTING = {
  rows: [
    { name: "shop", isBad: false },
    { name: "bl\u001bog", isBad: true },
  ],
  columns: [{ heading: "NAME", cell: ({ name }: { readonly name: string }) => name }],
  data: { items: ["shop", "blog"] },
  nameOf: ({ name }: { readonly name: string }) => `batch/${name}`,
  styleOf: ({ isBad }: { readonly isBad: boolean }) => (isBad ? ("red" as const) : undefined),
  nothing: "there are no batches",
};

function print(format: Format, look: Parameters<typeof recordingTerminal>[0] = {}, rows = LISTING.rows) {
  const terminal = recordingTerminal(look);
  printListing({ format, terminal }, { ...LISTING, rows });
  return { output: terminal.output(), notes: terminal.notes() };
}

test("a table has a heading and a line a row; what steers terminals is taken out", () => {
  expect(print(Format.Table).output).toBe("NAME\nshop\nbl\ufffdog\n");
});

test("names, JSON and YAML are for programs", () => {
  expect(print(Format.Name).output).toContain("batch/shop\n");
  expect(JSON.parse(print(Format.Json).output)).toEqual(LISTING.data);
  expect(parse(print(Format.Yaml).output)).toEqual(LISTING.data);
});

test("colours mark rows where a person looks, and only there", () => {
  expect(print(Format.Table, { hasColor: true }).output).toBe(
    "\u001b[1mNAME\u001b[0m\nshop\n\u001b[31mbl\ufffdog\u001b[0m\n",
  );
  for (const format of [Format.Json, Format.Yaml, Format.Name]) {
    expect(print(format, { hasColor: true }).output).not.toContain("\u001b[");
  }
});

test("an empty list is data for programs, and a sentence beside the output for people", () => {
  expect(print(Format.Table, {}, [])).toEqual({ output: "", notes: "there are no batches\n" });
  expect(JSON.parse(print(Format.Json, {}, []).output)).toEqual(LISTING.data);
});
