import { expect, test } from "vitest";
import {
  backupJobName,
  backupSessionName,
  nameWithSuffix,
  restoreJobName,
  shortKind,
  validNameWithPrefix,
  validNameWithPrefixNSuffix,
} from "../../../shared/names.ts";

const long = "a".repeat(70);

test("a session is named after its invoker and its due second", () => {
  expect(backupSessionName("nightly", 1_714_435_200_999)).toBe("nightly-1714435200");
});

test("a long invoker name is cut, the due second never is", () => {
  const name = backupSessionName(long, 1_714_435_200_000);
  expect(name).toHaveLength(63);
  expect(name.endsWith("-1714435200")).toBe(true);
});

test("a suffix as long as the limit keeps its last characters", () => {
  expect(nameWithSuffix("x", "b".repeat(80))).toBe("b".repeat(63));
});

test("a prefix keeps the first characters", () => {
  expect(validNameWithPrefix("pre", long)).toBe(`pre-${"a".repeat(59)}`);
});

test("prefix and suffix keep both halves when too long", () => {
  const name = validNameWithPrefixNSuffix("stash-backup", long, "7");
  expect(name).toHaveLength(63);
  expect(name.startsWith("stash-backup-aaa")).toBe(true);
  expect(name.endsWith("a-7")).toBe(true);
});

test("dashes at the ends are trimmed", () => {
  expect(validNameWithPrefix("pre", "name---")).toBe("pre-name");
});

test("jobs are numbered by target, and by ordinal where there are several", () => {
  expect(backupJobName("my.app-1714435200", 1)).toBe("stash-backup-my-app-1714435200-1");
  expect(restoreJobName("my.app", 0)).toBe("stash-restore-my-app-0");
  expect(restoreJobName("my.app", 0, 2)).toBe("stash-restore-my-app-0-2");
});

test("kinds have upstream's short forms", () => {
  expect(shortKind("StatefulSet")).toBe("sts");
  expect(shortKind("MongoDB")).toBe("mongodb");
});
