/**
 * Everything that real restic programs said about every fault, recorded by tests/support/restic/record.ts: on one machine, and
 * behind stores that answer as S3, MinIO, GCS, Azure, B2 and REST servers do.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { resticFault } from "../../../../agent/restic/fault.ts";
import { createTail } from "../../../../agent/restic/tail.ts";
import { ERRORS, type ErrorCode } from "../../../../shared/errors.ts";
import { judgeRecording, type Recording } from "../../../support/restic/recording.ts";

const FOLDER = join(import.meta.dirname, "recorded");

const RECORDED = readdirSync(FOLDER).map((file) => {
  const recordings: readonly Recording[] = JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
  return { restic: file.replace(/\.json$/, ""), recordings };
});

/** Codes that restic's words never lead to, and who gives them. */
const ELSEWHERE: Readonly<Partial<Record<ErrorCode, string>>> = {
  REPOSITORY_OWNER: "the agent, before restic runs",
  INVALID_OBJECT: "objects that a user writes",
  INVALID_DURATION: "objects that a user writes",
  SCHEDULE_INVALID: "objects that a user writes",
  TARGET_INVALID: "objects that a user writes",
  VOLUME_NOT_FOUND: "objects that a user writes",
  NOT_ALLOWED: "objects that a user writes",
  OUTSIDE_NAMESPACE: "the guard before every effect",
  NOT_FOUND: "the API server",
  API_UNAVAILABLE: "the API server",
  API_FORBIDDEN: "the API server",
  CONFIGURATION_INVALID: "flags and environment",
  SECRET_MISSING: "the agent, before restic runs",
  SECRET_INVALID: "the agent, before restic runs",
  PATH_NOT_FOUND: "the agent, before restic runs",
  PATH_INSIDE_REPOSITORY: "the agent, before restic runs",
  PATHS_OVERLAP: "the agent, before restic runs",
  PATH_IS_LINK: "the agent, before restic runs",
  RESTIC_MISSING: "the agent, before restic runs",
  RESTIC_STALLED: "the agent, of a restic that says nothing",
  AGENT_RESTARTED: "the agent, before restic runs",
  SOURCE_CHANGED: "nobody yet",
  DUMP_FAILED: "a database's program",
  APP_UNREACHABLE: "a database's program",
  APP_REFUSED: "a database's program",
  VARIABLE_MISSING: "Tasks and Functions",
  VARIABLE_RESERVED: "Tasks and Functions",
  JOB_REFUSED: "the API server",
  JOB_FAILED: "what became of a pod",
  IMAGE_UNAVAILABLE: "what became of a pod",
  CONTAINER_NOT_STARTED: "what became of a pod",
  OUT_OF_MEMORY: "what became of a pod",
  EVICTED: "what became of a pod",
  UNSCHEDULABLE: "what became of a pod",
  HOOK_FAILED: "hooks",
  EXECUTOR_LOST: "runs",
  SIDECAR_NOT_RUNNING: "runs",
  OLD_PODS_RUNNING: "runs",
  NO_REPLICAS: "runs",
  TOO_MANY_HOSTS: "runs",
  DEADLINE_EXCEEDED: "runs",
  CANCELLED: "runs",
  EARLIER_MEMBER_FAILED: "runs",
  RECOVERY_POINT_INCOMPLETE: "recovery points",
  RECOVERY_POINT_NOT_FOUND: "recovery points",
  SNAPSHOT_FOREIGN: "what a drill finds",
  RESTORED_FILE_MISSING: "what a drill finds",
  RESTORED_FILE_DIFFERS: "what a drill finds",
  RESTORED_METADATA_DIFFERS: "what a drill finds",
  DUMP_TRUNCATED: "what a drill finds",
  RESTORED_ROWS_DIFFER: "what a drill finds",
  QUERY_FAILED: "what a drill finds",
  DRILL_NOT_POSSIBLE: "drills",
  DRILL_SERVER_UNKNOWN: "drills",
  DRILL_NO_ROOM: "drills",
  DRILL_GAVE_WAY: "drills",
  RECOVERY_NOT_PROVEN: "drills",
  INTERNAL: "what should not be",
};

test("there are recordings of the restic that the image ships and of the oldest one", () => {
  expect(RECORDED.map(({ restic }) => restic)).toEqual([
    expect.stringMatching(/^restic-0\.14\./),
    expect.stringMatching(/^restic-0\.18\./),
  ]);
});

describe.each(RECORDED)("D15: $restic", ({ recordings }) => {
  test.each(recordings)("$name is $code", (recording) => {
    expect(judgeRecording(recording)).toBe(recording.code);
  });

  test("tells every cause in words for people, without the places of its source", () => {
    for (const { exit, lines, name } of recordings) {
      const tail = createTail();
      for (const line of lines) tail.add(line);
      const { message } = resticFault("run", { ...exit, tail: tail.lines, durationMs: 0 });
      expect(message, name).not.toMatch(/message_type|\.go:\d|\p{Cc}/u);
    }
  });

  test("leads to a new repository only where it says itself that there is none", () => {
    const words = /no such file or directory|does(n't| not) exist|not ?found|\b404\b/i;
    for (const { code, lines } of recordings.filter((one) => one.code === "REPOSITORY_NOT_FOUND")) {
      expect(lines.join("\n"), code).toMatch(words);
    }
  });
});

test("D15: each code has a recording, or somebody else gives it", () => {
  const codes = new Set(RECORDED.flatMap(({ recordings }) => recordings.map(({ code }) => code)));
  const missing = Object.keys(ERRORS).filter((code) => !codes.has(code) && !Object.hasOwn(ELSEWHERE, code));
  expect(missing).toEqual([]);
  expect(Object.keys(ELSEWHERE).filter((code) => codes.has(code) || !Object.hasOwn(ERRORS, code))).toEqual([]);
});
