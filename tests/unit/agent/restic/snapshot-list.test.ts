/** What a list of snapshots tells of verdicts, as restic writes it: in no order, and in pieces. */
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { expect, test } from "vitest";
import { listSnapshots, type RunList } from "../../../../agent/restic/snapshot-list.ts";
import { type Verdict, verdictTags } from "../../../../shared/verdicts.ts";

const idOf = (beginning: string) => beginning.padEnd(64, "0");
const snapshot = (beginning: string, more: object = {}) => ({
  id: idOf(beginning),
  time: "2026-01-01T00:00:00Z",
  hostname: "web",
  paths: ["/data"],
  tags: [],
  ...more,
});
const verdict = (beginning: string, subject: string) =>
  snapshot(beginning, { tags: verdictTags(subject, ["incomplete=X"]) });

function listing(snapshots: readonly object[]): RunList {
  return async (onRawStdout) => {
    const stream = new PassThrough();
    onRawStdout(stream);
    stream.end(JSON.stringify(snapshots));
    await finished(stream);
  };
}

async function unmatchedOf(snapshots: readonly object[], keep = () => true): Promise<readonly string[]> {
  let unmatched: readonly Verdict[] = [];
  const onUnmatched = (found: readonly Verdict[]) => {
    unmatched = found;
  };
  await listSnapshots(listing(snapshots), {}, { keep, onUnmatched });
  return unmatched.map(({ id }) => id.slice(0, 8));
}

test("a verdict whose snapshot is listed, before or after it and whoever's it is, is no orphan", async () => {
  const list = [verdict("11111111", idOf("aaaaaaaa")), snapshot("aaaaaaaa"), verdict("22222222", "aaaaaaaa")];
  expect(await unmatchedOf(list)).toEqual([]);
  expect(await unmatchedOf(list, () => false)).toEqual([]);
});

test("a verdict is matched by the id that its snapshot had before it was tagged or copied", async () => {
  const list = [snapshot("bbbbbbbb", { original: idOf("aaaaaaaa") }), verdict("11111111", idOf("aaaaaaaa"))];
  expect(await unmatchedOf(list)).toEqual([]);
});

test("a verdict on nothing in the list is told, also one on another verdict", async () => {
  const list = [
    verdict("11111111", idOf("aaaaaaaa")),
    verdict("22222222", idOf("11111111")),
    snapshot("ffffffff"),
    verdict("33333333", "ffffffff"),
  ];
  expect(await unmatchedOf(list)).toEqual(["11111111", "22222222"]);
  expect(await unmatchedOf([])).toEqual([]);
});
