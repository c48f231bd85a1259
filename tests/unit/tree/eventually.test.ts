/** How tests wait: a wait that passes too early would let every test pass. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually, stays } from "../../support/eventually.ts";
import { ROOT, sourceFiles } from "../../support/tree/sources.ts";

const counter = () => {
  let count = 0;
  return () => ++count;
};

test("a wait looks until the value is the wanted one, or answers yes, and gives it", async () => {
  expect(await eventually(counter(), 3)).toBe(3);
  expect(await eventually(counter(), (count) => count > 3)).toBe(4);
  const read = counter();
  expect(await eventually(() => ({ seen: [read()] }), { seen: [2] })).toEqual({ seen: [2] });
});

test("a wait in vain tells what was looked at, what was wanted, and what was seen last", async () => {
  const phase = () => ({ phase: "Pending" });
  await expect(eventually(phase, { phase: "Running" }, 0)).rejects.toThrow(
    /phase: "Pending".*\nwanted: { phase: 'Running' }\nlast seen: { phase: 'Pending' }$/,
  );
  await expect(eventually(phase, (now) => now.phase === "Failed", 0)).rejects.toThrow(/wanted: .*"Failed"\nlast seen/);
});

test("a failure to look ends a wait at once, unless it is made a value", async () => {
  const fail = (): Promise<boolean> => Promise.reject(new Error("no server"));
  await expect(eventually(fail, true)).rejects.toThrow(/^no server$/);
  await expect(eventually(() => fail().catch(String), true, 0)).rejects.toThrow("last seen: 'Error: no server'");
});

test("what is to stay is looked at again and again, and is found out as soon as it changes", async () => {
  const read = counter();
  await expect(stays(read, (count) => count < 3, 60_000)).rejects.toThrow("last seen: 3");
  expect(read()).toBe(4);
  expect(await stays(counter(), (count) => count > 0, 20, 5)).toBeGreaterThan(2);
});

test("no test has a loop of its own that waits", () => {
  const loops = /\bvi\.wait(For|Until)\(|while \(.*\) await (sleep|pause)\(|waitedMs [+]=|now\(\) < \w+; await/;
  const found = sourceFiles("tests").filter((file) => loops.test(readFileSync(join(ROOT, file), "utf8")));
  expect(found).toEqual([]);
});
