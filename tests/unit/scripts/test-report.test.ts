import { describe, expect, it } from "vitest";
import { failedFilesOf, failuresOf, totalsOf } from "../../../scripts/test-report.ts";

describe("failuresOf", () => {
  it("names each failed test with its file and the first lines of its message", () => {
    const report = {
      testResults: [
        {
          name: "/src/a.test.ts",
          status: "failed",
          assertionResults: [
            { fullName: "adds", status: "passed", failureMessages: [] },
            {
              fullName: "takes away",
              status: "failed",
              failureMessages: [`expected 1 to be 2\n${"    at x\n".repeat(40)}`],
            },
          ],
        },
      ],
    };
    const failures = failuresOf(report);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^takes away \(\/src\/a\.test\.ts\)\n {6}expected 1 to be 2\n/);
    expect(failures[0]?.split("\n")).toHaveLength(13);
  });

  it("names a file that could not be run, and its error", () => {
    const report = {
      testResults: [{ name: "/src/b.test.ts", status: "failed", message: "no such module", assertionResults: [] }],
    };
    expect(failuresOf(report)).toEqual(["the file could not be run (/src/b.test.ts)\n      no such module"]);
  });

  it("tells which files to run again, and what was counted", () => {
    const file = (name: string, status: string, ...tests: readonly string[]) => ({
      name,
      status,
      assertionResults: tests.map((status) => ({ status })),
    });
    const testResults = [
      file("/a", "passed", "passed"),
      file("/b", "failed", "passed", "failed"),
      file("/c", "failed"),
      file("/d", "passed", "failed"),
    ];
    expect(failedFilesOf({ testResults })).toEqual(["/b", "/c", "/d"]);
    const counts = { numPassedTests: 4, numFailedTests: 2, numPendingTests: 1, numTodoTests: 2 };
    expect(totalsOf(counts)).toEqual({ passed: 4, failed: 2, skipped: 3 });
    expect(failedFilesOf("no report")).toEqual([]);
    expect(totalsOf(undefined)).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });

  it("says nothing of a run in which all passed, nor of what is no report", () => {
    expect(failuresOf({ testResults: [{ name: "/a", status: "passed", assertionResults: [] }] })).toEqual([]);
    expect(failuresOf(undefined)).toEqual([]);
  });
});
