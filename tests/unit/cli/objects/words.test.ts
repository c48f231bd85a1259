import { describe, expect, test } from "vitest";
import { parseInvokerWord } from "../../../../cli/objects/invokers.ts";
import { notFound, parseAll } from "../../../../cli/objects/read.ts";
import { parseRunWords } from "../../../../cli/objects/run-words.ts";
import { failureOf, nextStepOf } from "../../../../cli/objects/session-facts.ts";
import { UsageError } from "../../../../cli/program/usage-error.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { aSession, hoursAgo } from "../../../support/cli/objects.ts";

describe("a run", () => {
  test.each([
    [["session/a"], "BackupSession", "a"],
    [["session", "a"], "BackupSession", "a"],
    [["backupsession.stash.appscode.com/a"], "BackupSession", "a"],
    [["Restore/a"], "RestoreBatch", "a"],
    [["restoresession", "a"], "RestoreSession", "a"],
  ])("%j is read", (words, kind, name) => {
    expect(parseRunWords(words)).toEqual({ kind, name });
  });

  test.each([[["a"]], [["session"]], [["session/"]], [["pod/a"]], [["session/a", "b"]], [["session", "a", "b"]], [[]]])(
    "%j is refused",
    (words) => {
      expect(() => parseRunWords(words)).toThrow(UsageError);
    },
  );
});

describe("a batch", () => {
  test("is named alone or with its kind", () => {
    expect(parseInvokerWord("shop")).toEqual({ kind: undefined, name: "shop" });
    expect(parseInvokerWord("backupbatch/shop")).toEqual({ kind: "BackupBatch", name: "shop" });
    expect(parseInvokerWord("bc/shop")).toEqual({ kind: "BackupConfiguration", name: "shop" });
  });

  test.each(["pod/shop", "backupbatch/", "/shop"])("is not %s", (word) => {
    expect(() => parseInvokerWord(word)).toThrow(UsageError);
  });
});

test("what is not found is answered with the nearest names, else with those that there are", () => {
  const at = { namespace: "demo", name: "shpo" };
  expect(notFound("BackupBatch", at, ["blog", "shop"]).next).toBe("did you mean shop?");
  expect(notFound("BackupBatch", at, ["something-else"]).next).toBe("there are something-else");
  expect(notFound("BackupBatch", at, []).next).toContain("there is none in demo");
});

test("an object that can't be read hides no other one", () => {
  const good = { ...aSession() };
  const { entries, failures } = parseAll([good, { kind: "BackupSession" }, null], parseBackupSession);
  expect(entries).toHaveLength(1);
  expect(failures).toHaveLength(2);
});

test("the failure of a skipped session is its reason", () => {
  const skipped = aSession({
    phase: "Skipped",
    targets: [],
    status: {
      conditions: [
        {
          type: "BackupSkipped",
          status: "True",
          lastTransitionTime: hoursAgo(1),
          reason: "SkippedTakingNewBackup",
          message: "PreviousSessionRunning: another session of the same invoker is running (x)",
        },
      ],
    },
  });
  expect(failureOf(skipped)).toMatchObject({ code: "PreviousSessionRunning" });
  expect(nextStepOf(failureOf(skipped))).toBeUndefined();
});

test("a good session has no failure", () => {
  expect(failureOf(aSession())).toBeUndefined();
});
