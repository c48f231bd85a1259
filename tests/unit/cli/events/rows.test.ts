import { expect, test } from "vitest";
import { eventRows } from "../../../../cli/events/rows.ts";

const anEvent = (name: string, change: object = {}) => ({
  metadata: { name: `${name}.1`, namespace: "demo", creationTimestamp: "2030-01-01T00:00:00Z" },
  involvedObject: { apiVersion: "stash.appscode.com/v1beta1", kind: "BackupSession", name },
  type: "Normal",
  reason: "Backup Succeeded",
  ...change,
});
const all = { word: undefined, isWarningWanted: false };

test("events of our kinds come in the order of their times, those of others not at all", () => {
  const pod = anEvent("pod", { involvedObject: { apiVersion: "v1", kind: "Pod", name: "pod" } });
  const late = anEvent("late", { lastTimestamp: "2030-01-03T00:00:00Z", count: 4 });
  const series = anEvent("series", { series: { lastObservedTime: "2030-01-02T00:00:00Z", count: 2 } });
  expect(eventRows([late, pod, series, anEvent("first")], all).map(({ object, count }) => [object, count])).toEqual([
    ["BackupSession/first", 1],
    ["BackupSession/series", 2],
    ["BackupSession/late", 4],
  ]);
});

test("those of one object, or those that need somebody", () => {
  const events = [anEvent("a"), anEvent("b", { type: "Warning" })];
  const names = (word: string | undefined, isWarningWanted: boolean) =>
    eventRows(events, { word, isWarningWanted }).map(({ object }) => object);
  expect(names("a", false)).toEqual(["BackupSession/a"]);
  expect(names("backupsession/b", false)).toEqual(["BackupSession/b"]);
  expect(names("session/b", false)).toEqual(["BackupSession/b"]);
  expect(names("backupbatch/b", false)).toEqual([]);
  expect(names(undefined, true)).toEqual(["BackupSession/b"]);
});
