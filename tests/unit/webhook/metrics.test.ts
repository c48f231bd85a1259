import { expect, test } from "vitest";
import { createMetrics } from "../../../webhook/metrics.ts";

test("decisions are counted by what they were about and their reason, and stay counted", async () => {
  const metrics = createMetrics(() => 0);
  metrics.countReasons({ backup: "Injected" });
  metrics.countReasons({ backup: "Injected", restore: "HeldForTurn" });
  const name = "stash_batch_webhook_decisions_total";
  for (const injected of [2, 3]) {
    const text = await metrics.format();
    expect(text).toContain(`${name}{part="backup",reason="Injected"} ${injected}\n`);
    expect(text).toContain(`${name}{part="restore",reason="HeldForTurn"} 1\n`);
    metrics.countReasons({ backup: "Injected" });
  }
});
