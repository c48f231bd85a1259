import { expect, test } from "vitest";
import { parseResticLine } from "../../../../agent/restic/messages.ts";

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
  ['{"message_type":"error","error":{"message":"open /b: denied"},"item":"/b"}', "/b", "open /b: denied"],
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

test("messages of later versions are left alone, and lines for people are none", () => {
  expect(parseResticLine('{"message_type":"verbose_status","action":"new"}')).toEqual({ kind: "other" });
  expect(parseResticLine('{"something":"else"}')).toEqual({ kind: "other" });
  expect(parseResticLine("{ not json")).toBeUndefined();
  expect(parseResticLine("repository abc opened")).toBeUndefined();
});
