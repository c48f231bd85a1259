/** What a report of vitest (`--reporter=json`) says of the tests that failed. */

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const MAX_LINES = 12;

/** Each failed test, and each file that could not be run: its name with the first lines of its message. */
export function failuresOf(report: unknown): readonly string[] {
  return listOf(report, "testResults").flatMap((file) => {
    const failed = listOf(file, "assertionResults").filter((test) => textOf(test, "status") === "failed");
    if (failed.length > 0) return failed.map((test) => describe(textOf(test, "fullName"), file, messagesOf(test)));
    return textOf(file, "status") === "failed"
      ? [describe("the file could not be run", file, [textOf(file, "message")])]
      : [];
  });
}

/** Paths of the files in which something failed. */
export function failedFilesOf(report: unknown): readonly string[] {
  return listOf(report, "testResults").flatMap((file) => {
    const hasFailed = listOf(file, "assertionResults").some((test) => textOf(test, "status") === "failed");
    return hasFailed || textOf(file, "status") === "failed" ? [textOf(file, "name")] : [];
  });
}

/** How many tests passed, failed and were left out. */
export function totalsOf(report: unknown): Totals {
  return {
    passed: countOf(report, "numPassedTests"),
    failed: countOf(report, "numFailedTests"),
    skipped: countOf(report, "numPendingTests") + countOf(report, "numTodoTests"),
  };
}

function countOf(report: unknown, field: string): number {
  const value = fieldOf(report, field);
  return typeof value === "number" ? value : 0;
}

function describe(name: string, file: unknown, messages: readonly string[]): string {
  const lines = messages.join("\n").split("\n").slice(0, MAX_LINES);
  return [`${name} (${textOf(file, "name")})`, ...lines.map((line) => `      ${line}`)].join("\n");
}

function messagesOf(test: unknown): readonly string[] {
  return listOf(test, "failureMessages").filter((message) => typeof message === "string");
}

function listOf(value: unknown, field: string): readonly unknown[] {
  const list = fieldOf(value, field);
  return Array.isArray(list) ? list : [];
}

function textOf(value: unknown, field: string): string {
  const text = fieldOf(value, field);
  return typeof text === "string" ? text : "";
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}
