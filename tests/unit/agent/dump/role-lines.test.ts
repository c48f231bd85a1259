import { describe, expect, test } from "vitest";
import { readRoleLines } from "../../../../agent/dump/role-lines.ts";

const HEADER = ["--", "-- PostgreSQL database cluster dump", "--", "", "SET client_encoding = 'UTF8';"];

function kept(lines: readonly string[], existing: readonly string[] = ["postgres", "app"], own = "postgres") {
  const roles = readRoleLines(existing, own);
  return lines.filter((line) => roles.keeps(line));
}

const ATTRIBUTES = "WITH NOSUPERUSER INHERIT LOGIN NOREPLICATION";

describe("of a cluster's dump", () => {
  test.each([
    ["CREATE ROLE app;", false],
    ["CREATE ROLE other;", true],
    [`CREATE ROLE "app";`, false],
    [`ALTER ROLE postgres ${ATTRIBUTES} PASSWORD 'SCRAM-SHA-256$4096:x';`, false],
    [`ALTER ROLE app ${ATTRIBUTES} PASSWORD 'SCRAM-SHA-256$4096:x';`, true],
    [`ALTER ROLE postgres ${ATTRIBUTES};`, true],
    ["ALTER ROLE app SET search_path TO 'x';", true],
    ["DROP ROLE IF EXISTS postgres;", false],
    ["DROP ROLE postgres;", false],
    ["DROP ROLE app;", true],
    ["GRANT app TO postgres GRANTED BY postgres;", true],
  ])("%s: kept is %s", (line, isKept) => {
    expect(kept([...HEADER, line])).toHaveLength(HEADER.length + Number(isKept));
  });

  test("a role that the dump drops is made again", () => {
    const lines = ["DROP ROLE IF EXISTS app;", "CREATE ROLE app;"];
    expect(kept([...HEADER, ...lines])).toEqual([...HEADER, ...lines]);
  });

  test("names with quotes are read", () => {
    expect(kept([...HEADER, 'CREATE ROLE "a ""b";'], ['a "b'])).toEqual(HEADER);
  });

  test("nothing is left out once a database begins", () => {
    const roles = readRoleLines(["app"], "app");
    for (const line of [...HEADER, "\\connect shop"]) roles.keeps(line);
    expect(roles.isOver()).toBe(true);
    expect(roles.keeps("CREATE ROLE app;")).toBe(true);
  });
});

test("of one database's dump nothing is left out", () => {
  const lines = ["--", "-- PostgreSQL database dump", "--", "", "SET x = 1;", "CREATE ROLE app;"];
  expect(kept(lines)).toEqual(lines);
});
