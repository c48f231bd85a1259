import { expect, test } from "vitest";
import { parseResticLine, wordsForPeople } from "../../../../agent/restic/messages.ts";

test("a summary of restic 0.14 and one of 0.17 are read alike", () => {
  const old =
    '{"message_type":"summary","files_new":2,"files_changed":1,"files_unmodified":3,"data_added":2098,"total_files_processed":6,"total_bytes_processed":5,"total_duration":0.27,"snapshot_id":"c5bbe12c"}';
  const young = old.replace("c5bbe12c", "c5".repeat(32)).replace("}", ',"data_added_packed":900,"backup_start":"x"}');
  expect(parseResticLine(old)).toEqual({
    kind: "summary",
    summary: {
      snapshotId: "c5bbe12c",
      filesNew: 2,
      filesChanged: 1,
      filesUnmodified: 3,
      filesTotal: 6,
      bytesTotal: 5,
      bytesAdded: 2098,
      seconds: 0.27,
    },
  });
  expect(parseResticLine(young)).toMatchObject({ summary: { filesNew: 2, snapshotId: "c5".repeat(32) } });
});

test("progress is read, and a share above one is one", () => {
  const line =
    '{"message_type":"status","seconds_remaining":4,"percent_done":1.2,"total_files":2,"total_bytes":314,"bytes_done":80}';
  expect(parseResticLine(line)).toEqual({
    kind: "status",
    progress: { share: 1, bytesDone: 80, bytesTotal: 314, filesDone: 0, filesTotal: 2, secondsLeft: 4 },
  });
});

test.each([
  ['{"message_type":"error","error":{"Op":"open","Path":"/a","Err":13},"item":"/a"}', "/a", "open: permission denied"],
  ['{"message_type":"error","error":{"Op":"read","Path":"/a","Err":5},"item":"/a"}', "/a", "read: input/output error"],
  ['{"message_type":"error","error":{"Op":"lstat","Err":999},"item":"/a"}', "/a", "lstat: error 999"],
  ['{"message_type":"error","error":{"message":"open /b: denied"},"item":"/b"}', "/b", "open: denied"],
  ['{"message_type":"error","error":{},"item":"/c"}', "/c", "unknown error"],
])("an unreadable file is named in any version: %s", (line, item, text) => {
  expect(parseResticLine(line)).toEqual({ kind: "error", item, text });
});

test("the error at the end is read", () => {
  expect(parseResticLine('{"message_type":"exit_error","code":12,"message":"Fatal: wrong password"}')).toEqual({
    kind: "exit-error",
    code: 12,
    text: "Fatal: wrong password",
  });
});

test("a fault that a check found is read", () => {
  expect(parseResticLine('{"message_type":"error","message":"pack 1a: not found"}')).toEqual({
    kind: "words",
    text: "pack 1a: not found",
  });
});

test.each<[string, readonly string[]]>([
  ["Fatal: wrong password or no key found", ["Fatal: wrong password or no key found"]],
  [
    '{"message_type":"exit_error","code":10,"message":"Fatal: repository does not exist\\nIs there a repository at\\n/r"}',
    ["Fatal: repository does not exist", "Is there a repository at", "/r"],
  ],
  [
    '{"message_type":"exit_error","code":1,"message":"LoadRaw(\\u003cindex/bb1d\\u003e): invalid data returned"}',
    ["LoadRaw(<index/bb1d>): invalid data returned"],
  ],
  ['{"message_type":"status","percent_done":1,"current_files":["/\\"exit_error\\""]}', []],
  ['{"message_type":"status","current_files":["\\"exit_error\\""]}', []],
  ['{"message_type":"error","error":{"message":"open /b: denied"},"item":"/b"}', []],
  ['[{"time":"2026","id":"5e"}]', []],
  ["[]", []],
  ["{", []],
  ["[0:03] 100.00%  1 / 1 packs", ["[0:03] 100.00%  1 / 1 packs"]],
  ["{not for programs", ["{not for programs"]],
])("E2, C14: what a line says to people: %s", (line, words) => {
  expect(wordsForPeople(line)).toEqual(words);
});

test("D15: a type of message that nobody knows yet has words that count", () => {
  expect(wordsForPeople('{"message_type":"warning","message":"the store is old\\nvery old"}')).toEqual([
    "the store is old",
    "very old",
  ]);
  expect(wordsForPeople('{"message_type":"excluded_item","item":"/a","message":"no"}')).toEqual([]);
});

test("D15: what a check finds says something to people, in every form", () => {
  const line = '{"message_type":"error","message":"Load(<data/1>) returned error, retrying after 1s: 503"}';
  expect(wordsForPeople(line)).toEqual(["Load(<data/1>) returned error, retrying after 1s: 503"]);
});

test("D15: a snapshot of a dry run is none", () => {
  const line = '{"message_type":"summary","snapshot_id":"1234","dry_run":true}';
  expect(parseResticLine(line)).toMatchObject({ kind: "summary", summary: { snapshotId: undefined } });
});

test("messages of later versions are left alone, and lines for people are none", () => {
  expect(parseResticLine('{"message_type":"verbose_status","action":"new"}')).toEqual({ kind: "other" });
  expect(parseResticLine('{"something":"else"}')).toEqual({ kind: "other" });
  expect(parseResticLine("{ not json")).toBeUndefined();
  expect(parseResticLine("repository abc opened")).toBeUndefined();
});
