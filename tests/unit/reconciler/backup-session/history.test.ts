import { describe, expect, test } from "vitest";
import { sessionsToDelete } from "../../../../reconciler/backup-session/finish.ts";
import type { SiblingSession } from "../../../../reconciler/backup-session/view.ts";

function aSession(name: string, createdAtMs: number, phase: string | undefined): SiblingSession {
  return { name, createdAtMs, phase, isStarted: true, retryOf: undefined };
}

const SELF = aSession("self", 100, "Succeeded");

describe("history", () => {
  test("keeps as many sessions as the limit says, the one that ends now among them", () => {
    const old = [aSession("a", 1, "Succeeded"), aSession("b", 2, "Succeeded"), aSession("c", 3, "Failed")];
    expect(sessionsToDelete(SELF, old, 2)).toEqual(["b", "a"]);
    expect(sessionsToDelete(SELF, old, 1)).toEqual(["c", "b", "a"]);
    expect(sessionsToDelete(SELF, old, 4)).toEqual([]);
  });

  test("never deletes sessions that have not ended, though they count", () => {
    const old = [aSession("a", 1, "Succeeded"), aSession("b", 2, "Running"), aSession("c", 3, undefined)];
    expect(sessionsToDelete(SELF, old, 1)).toEqual(["a"]);
  });

  test("keeps the newest session that ran to an end when newer ones were skipped", () => {
    const skipped = aSession("self", 100, "Skipped");
    const old = [aSession("a", 1, "Succeeded"), aSession("b", 2, "Failed"), aSession("c", 3, "Skipped")];
    expect(sessionsToDelete(skipped, old, 1)).toEqual(["c", "a"]);
  });

  test("a limit of zero deletes all others", () => {
    const skipped = aSession("self", 100, "Skipped");
    expect(sessionsToDelete(skipped, [aSession("a", 1, "Succeeded")], 0)).toEqual(["a"]);
  });
});
