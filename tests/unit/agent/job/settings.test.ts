import { describe, expect, test } from "vitest";
import { parseFlags } from "../../../../agent/flags.ts";
import { jobFlags } from "../../../../agent/job/settings.ts";

const ENV = { STASH_INVOKER_KIND: "BackupBatch", STASH_INVOKER_NAME: "nightly" };

describe("flags of a job's step", () => {
  test("that upstream's database Functions leave out come from their AppBinding and from the environment", () => {
    const flags = jobFlags(parseFlags(["--appbinding=db", "--appbinding-namespace=demo", "--target-kind="]), ENV);
    expect(Object.fromEntries(flags)).toMatchObject({
      "target-kind": "AppBinding",
      "target-name": "db",
      "target-namespace": "demo",
      "invoker-kind": "BackupBatch",
      "invoker-name": "nightly",
    });
  });

  test("that are given count", () => {
    const given = ["--target-kind=StatefulSet", "--target-name=s", "--invoker-kind=RestoreSession", "--appbinding=db"];
    expect(Object.fromEntries(jobFlags(parseFlags(given), ENV))).toMatchObject({
      "target-kind": "StatefulSet",
      "target-name": "s",
      "invoker-kind": "RestoreSession",
    });
  });

  test("of a volume's step gain nothing", () => {
    expect(Object.fromEntries(jobFlags(parseFlags(["--target-name=pvc"]), {}))).toEqual({ "target-name": "pvc" });
  });
});
