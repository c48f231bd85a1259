import { describe, expect, test } from "vitest";
import { dueTimeOfPod } from "../../../../agent/commands/create-backupsession.ts";
import { readAddonResult } from "../../../../agent/job/addon-output.ts";

const output = (...stats: readonly object[]) => JSON.stringify({ targetStatus: { ref: { name: "db" }, stats } });
const GOOD = { hostname: "host-0", phase: "Succeeded", duration: "3s", snapshots: [{ name: "abc", path: "dump" }] };

describe("L20: what an addon left in output.json", () => {
  test("is taken over when it succeeded", () => {
    expect(readAddonResult(output(GOOD), "host-0", true)).toMatchObject({
      phase: "Succeeded",
      snapshots: [{ name: "abc" }],
    });
  });

  test("counts for the only host whatever its name, and by its name among several", () => {
    expect(readAddonResult(output({ ...GOOD, hostname: "" }), "host-0", true).phase).toBe("Succeeded");
    const other = { ...GOOD, hostname: "other", phase: "Failed", error: "no" };
    expect(readAddonResult(output(other, GOOD), "host-0", true).phase).toBe("Succeeded");
    expect(readAddonResult(output(other, GOOD), "third", true)).toMatchObject({
      phase: "Failed",
      reason: "DUMP_FAILED",
    });
  });

  test.each([
    ["a failure, although the container ended with 0", output({ phase: "Failed", error: "no rights" }), "no rights"],
    ["a failure without words", output({ phase: "Failed" }), "failed without a message"],
    ["no file", undefined, "left no output.json"],
    ["half a file", '{"targetStatus":', "can't be read"],
    ["another shape", '{"targetStatus":{"stats":"x"}}', "can't be read"],
    ["a success without a snapshot", output({ ...GOOD, snapshots: [] }), "named no snapshot"],
    [
      "a flag in place of an id",
      output({ ...GOOD, snapshots: [{ name: "--password-command=id" }] }),
      "snapshots[].name",
    ],
    ["`latest` in place of an id", output({ ...GOOD, snapshots: [{ name: "latest" }] }), "snapshots[].name"],
  ])("%s is a failed host", (_what, raw, words) => {
    const result = readAddonResult(raw, "host-0", true);
    expect(result.phase).toBe("Failed");
    expect(result.error).toContain(words);
  });

  test("needs no snapshot in a restore", () => {
    expect(readAddonResult(output({ phase: "Succeeded" }), "host-0", false).phase).toBe("Succeeded");
  });
});

describe("L17: the slot of a CronJob's pod", () => {
  test("is told by its name, in minutes or in seconds", () => {
    expect(dueTimeOfPod("stash-trigger-nightly-28573920-x7k2p")).toBe(28_573_920 * 60_000);
    expect(dueTimeOfPod("stash-trigger-nightly-1714435200-x7k2p")).toBe(1_714_435_200_000);
  });

  test("is not told by another name", () => {
    expect(dueTimeOfPod("my-laptop")).toBeUndefined();
    expect(dueTimeOfPod("web-6d4cf56db6-x7k2p")).toBeUndefined();
  });
});
