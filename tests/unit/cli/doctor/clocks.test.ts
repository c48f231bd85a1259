import { expect, test } from "vitest";
import { checkClocks } from "../../../../cli/doctor/clocks.ts";

const NOW_MS = Date.UTC(2024, 3, 30, 2);
const SECOND_MS = 1_000;

function statuses(renewedAgoSeconds: number | undefined, ownAheadSeconds = 0): readonly string[] {
  const renewedAtMs = renewedAgoSeconds === undefined ? undefined : NOW_MS - renewedAgoSeconds * SECOND_MS;
  const findings = checkClocks([{ name: "lease", renewedAtMs }], NOW_MS, NOW_MS + ownAheadSeconds * SECOND_MS);
  return findings.map(({ status }) => status);
}

test.each([
  ["held a moment ago", 2, "Ok"],
  ["held by a clock that is a little ahead", -9, "Ok"],
  ["held by a clock that is far ahead", -30, "Fault"],
  ["not renewed for a minute", 61, "Fault"],
  ["never held", undefined, "Fault"],
])("a lease that is %s", (_case, renewedAgoSeconds, status) => {
  expect(statuses(renewedAgoSeconds)).toEqual([status, "Ok"]);
});

test.each([-600, 11])(
  "a clock of this machine that is %s s ahead is a warning: nothing in the cluster depends on it",
  (ahead) => {
    expect(statuses(2, ahead)).toEqual(["Ok", "Warning"]);
  },
);

test("what is wrong comes with what to do", () => {
  const findings = checkClocks([{ name: "lease", renewedAtMs: NOW_MS + 60_000 }], NOW_MS, NOW_MS);
  expect(findings[0]).toMatchObject({
    message: expect.stringContaining("60 s ahead"),
    fix: expect.stringContaining("NTP"),
  });
});
