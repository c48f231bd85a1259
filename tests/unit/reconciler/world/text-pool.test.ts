import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTextPool } from "../../../../reconciler/world/text-pool.ts";
import { numberAt, parseJson } from "../../../../shared/json/value.ts";

test("what thousands of objects say alike is held once, and texts that nobody shares don't pile up", () => {
  const program = join(import.meta.dirname, "../../../support/kube/measure-text-pool.ts");
  const bytes = parseJson(execFileSync(process.execPath, ["--expose-gc", program], { encoding: "utf8" }));
  const { apart, together, unshared } = Object.fromEntries(
    ["apart", "together", "unshared"].map((key) => [key, numberAt(bytes, key) ?? Number.NaN]),
  );
  expect(Number(together) / Number(apart)).toBeLessThan(0.7);
  expect(unshared).toBeLessThan(2_000_000);
});

test("every value is as it was", () => {
  const { share } = createTextPool();
  const text = JSON.stringify({
    empty: "",
    long: "x".repeat(1_000),
    same: ["Europe/Berlin", "Europe/Berlin", null, 3, true, { zone: "Europe/Berlin" }],
    metadata: JSON.parse('{"__proto__": "Europe/Berlin"}'),
  });
  for (let time = 0; time < 3; time += 1) expect(JSON.stringify(share<unknown>(JSON.parse(text)))).toBe(text);
});
