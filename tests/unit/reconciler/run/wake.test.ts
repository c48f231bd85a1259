import { expect, test } from "vitest";
import { RESTORE_KIND } from "../../../../reconciler/restore/kind.ts";
import { runsWokenBy } from "../../../../reconciler/run/wake.ts";
import { aRestore, KnownRestores } from "./known-restores.ts";

function member(phase: string, percent: number) {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const progress = { percent, heartbeat: "2024-04-30T08:00:00Z" };
  return { ref, phase, totalHosts: 1, stats: [{ hostname: "host-0", phase: "Running", progress }] };
}

const ENDED = {
  conditions: [{ type: "MetricsPushed", status: "True", lastTransitionTime: "2024-04-30T08:00:00Z" }],
};

test("a run wakes others of its namespace when it gets on or goes, not with every sign of life", () => {
  const known = new KnownRestores(aRestore("first", {}, { members: [member("Running", 1)] }), aRestore("second"));
  const woken: string[] = [];
  runsWokenBy(RESTORE_KIND, known.world, ({ metadata }) => woken.push(metadata.name));
  const wakes = (change: () => void): readonly string[] => {
    woken.length = 0;
    change();
    return [...new Set(woken)].sort();
  };
  expect(wakes(() => known.change(aRestore("first", {}, { members: [member("Running", 50)] })))).toEqual([]);
  const all = ["first", "second"];
  expect(wakes(() => known.change(aRestore("first", {}, { members: [member("Succeeded", 100)] })))).toEqual(all);
  const deletionTimestamp = "2024-04-30T08:00:00Z";
  const going = aRestore("first", { deletionTimestamp }, { members: [member("Succeeded", 100)] });
  expect(wakes(() => known.change(going))).toEqual(all);
  expect(wakes(() => known.remove("first"))).toEqual(["second"]);
});

test("a run that has ended is not woken by others", () => {
  const known = new KnownRestores(aRestore("first"), aRestore("ended", {}, { ...ENDED, phase: "Failed" }));
  const woken: string[] = [];
  runsWokenBy(RESTORE_KIND, known.world, ({ metadata }) => woken.push(metadata.name));
  known.change(aRestore("first", {}, { phase: "Running" }));
  expect(woken).toEqual(["first"]);
});
