import { describe, expect, test } from "vitest";
import { planCommand, policyFlags, type RetentionScope, readPlan } from "../../../../agent/maintain/retention.ts";

const SCOPE: RetentionScope = { invokerTag: "invoker=BackupBatch/demo/n", untagged: [{ host: "host-0", path: "/a" }] };

function aSnapshot(id: string, change: object = {}) {
  return { id, time: "2026-01-01T00:00:00Z", hostname: "host-0", paths: ["/a"], tags: [SCOPE.invokerTag], ...change };
}

test("each field of a policy is restic's flag of the same name; zero is none", () => {
  const policy = {
    ...{ name: "p", prune: true, keepLast: 1, keepHourly: 2, keepDaily: 3, keepWeekly: 4, keepMonthly: 5 },
    ...{ keepYearly: 0, keepTags: ["a", "b"] },
  };
  expect(policyFlags(policy)).toEqual([
    ...["--keep-last", "1", "--keep-hourly", "2", "--keep-daily", "3", "--keep-weekly", "4", "--keep-monthly", "5"],
    ...["--keep-tag", "a", "--keep-tag", "b"],
  ]);
});

test("L57: the plan looks at the invoker's snapshots and at those without a tag, and writes nothing", () => {
  const command = planCommand({ keepLast: 1 }, SCOPE);
  expect(command.slice(0, 4)).toEqual(["forget", "--dry-run", "--no-lock", "--json"]);
  expect(command.join(" ")).toContain(`--tag ${SCOPE.invokerTag} --tag  --keep-last 1`);
  expect(planCommand({ keepLast: 1 }, { ...SCOPE, untagged: [] })).not.toContain("");
});

describe("what a plan removes", () => {
  test("L57: is only the invoker's own, whatever restic would remove beside", () => {
    const groups = [
      {
        keep: [aSnapshot("k1"), aSnapshot("k2", { tags: null })],
        remove: [
          aSnapshot("own"),
          aSnapshot("upstream", { tags: undefined }),
          aSnapshot("other invoker", { tags: ["invoker=BackupBatch/demo/other"] }),
          aSnapshot("other host", { tags: [], hostname: "host-1" }),
          aSnapshot("other path", { tags: [], paths: ["/b"] }),
          aSnapshot("two paths", { tags: [], paths: ["/a", "/b"] }),
        ],
      },
      { keep: null, remove: [aSnapshot("own of a host that is gone", { hostname: "host-7" })] },
    ];
    expect(readPlan(JSON.stringify(groups), SCOPE)).toEqual({
      kept: 2,
      remove: ["own", "upstream", "own of a host that is gone"],
    });
  });

  test.each([[""], ["null"], ["[]"], ["no snapshots to group\n[]"]])(
    "L59: is nothing when restic prints %j",
    (output) => {
      expect(readPlan(output, SCOPE)).toEqual({ kept: 0, remove: [] });
    },
  );
});
