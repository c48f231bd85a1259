/** Clocks that differ: ages are of times that the cluster wrote, so its clock is the one that counts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadKubeconfig } from "../../../../cli/cluster/kubeconfig.ts";
import { createClusterClock } from "../../../../cli/ui/cluster-clock.ts";
import { createViews } from "../../../../cli/ui/views/table.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { createKubeClient } from "../../../../shared/kube/client/http.ts";
import { asIs } from "../../../../shared/kube/client/interface.ts";
import { connectionOfConfig } from "../../../../shared/kube/connection/of-config.ts";
import { type MemoryApi, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { NOW_MS } from "../../../support/cli/objects.ts";
import { aWorld } from "../../../support/cli/ui-world.ts";

const HOUR_MS = 3_600_000;
let api: MemoryApi;

beforeAll(async () => {
  api = await startMemoryApi();
});

afterAll(() => api.stop());

test("what whole seconds and a slow answer make is no difference; more is, until the clocks agree again", () => {
  let nowMs = NOW_MS;
  const clock = createClusterClock(() => nowMs);
  expect(clock.skewMs()).toBe(0);
  clock.hear(NOW_MS - 4_000);
  expect(clock.skewMs()).toBe(0);
  clock.hear(NOW_MS - HOUR_MS);
  expect(clock.skewMs()).toBe(-HOUR_MS);
  nowMs -= HOUR_MS;
  clock.hear(nowMs - 900);
  expect(clock.skewMs()).toBe(0);
});

test.each([
  ["ahead", HOUR_MS],
  ["behind", -HOUR_MS],
])(
  "a machine whose clock is an hour %s shows the API server's time, from its first answer on",
  async (_what, offMs) => {
    const now = () => Date.now() + offMs;
    const { hear, skewMs } = createClusterClock(now);
    const connection = connectionOfConfig(loadKubeconfig({ path: api.kubeconfig, context: undefined, env: {} }));
    const client = createKubeClient({ connection, program: "test", onServerTime: hear });
    const views = createViews({ world: { look: () => aWorld() }, skewMs });
    const shownMs = () => Date.parse(views["overview"]?.({}, now()).now ?? "");
    expect(Math.abs(shownMs() - now())).toBeLessThan(5_000);
    await client.find(KINDS.BackupBatch, "shop", "none", asIs);
    expect(Math.abs(shownMs() - Date.now())).toBeLessThan(5_000);
    client.close();
  },
);
