/** The words of the restic that runs now, behind stores that refuse: one fault of each code of each kind of store. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MESSAGE_TYPES } from "../../agent/restic/messages.ts";
import { codeOfCase, record } from "../support/restic/record.ts";
import { judgeRecording } from "../support/restic/recording.ts";
import type { ResticName } from "../support/restic/restic-programs.ts";
import { createResticWorld } from "../support/restic/restic-world.ts";
import { nameOfCase, STORE_CASES, type StoreCase } from "../support/restic/store-answers.ts";

const name: ResticName = process.env["STASH_BATCH_TEST_RESTIC"] === "oldest" ? "oldest" : "image";

/** What a library asks again for minutes is recorded only. */
const FIRST_OF_EACH: readonly StoreCase[] = [
  ...new Map(
    STORE_CASES.filter((one) => one.isSilent !== true && one.isOnWrite !== true)
      .toReversed()
      .map((one) => [`${one.store} ${codeOfCase(one, name)}`, one]),
  ).values(),
];

test("D15: every type of message that restic writes is known", async () => {
  const world = await createResticWorld();
  const restic = await world.open();
  writeFileSync(join(world.data, "file"), "content");
  writeFileSync(join(world.data, "left out"), "content");
  const backup = ["backup", "--json", "--verbose=2", "--exclude", "left out", world.data];
  const commands = [
    ["init", "--json"],
    backup,
    ["tag", "--json", "--add", "x"],
    backup,
    ["snapshots", "--json"],
    ["ls", "--json", "latest"],
    ["find", "--json", "file"],
    ["stats", "--json"],
    ["restore", "--json", "--verbose=2", "--target", join(world.dir, "away"), "latest"],
    ["forget", "--json", "--keep-last", "1", "--prune"],
    ["check", "--json"],
    ["version", "--json"],
  ];
  const types = new Set<string>();
  try {
    for (const command of commands) {
      const onLine = (line: string) => types.add(/^\{.*"message_type":"(\w+)"/.exec(line)?.[1] ?? "status");
      expect((await restic.run(command, { onLine })).code, command.join(" ")).toBe(0);
    }
  } finally {
    await world.stop();
  }
  expect([...types]).toEqual(expect.arrayContaining(["summary", "verbose_status"]));
  expect([...types].filter((type) => !Object.hasOwn(MESSAGE_TYPES, type))).toEqual([]);
});

describe.concurrent("C18: a store's fault, told by restic", () => {
  test.each(FIRST_OF_EACH.map((one) => ({ one, title: nameOfCase(one) })))("$title", async ({ one, title }) => {
    const recording = await record(one, title, codeOfCase(one, name));
    expect(judgeRecording(recording), recording.lines.join("\n")).toBe(recording.code);
  });
});
