/** Somebody without rights: which one is named does not hang on who answers first. */
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Cluster } from "../../../cli/cluster/interface.ts";
import { gatherCoverage } from "../../../cli/coverage/gather.ts";

const refuse = async () => {
  throw new TypeError("not asked here");
};

/** Refuses every list with its name; those in `late` after all others. */
const clusterOf = (late: string): Cluster => ({
  address: "https://127.0.0.1:1",
  namespace: "demo",
  scope: "demo",
  connection: {
    serverUrl: new URL("https://127.0.0.1:1"),
    namespace: undefined,
    credentials: async () => ({ headers: {}, tls: {} }),
  },
  list: async ({ plural }) => {
    for (let turn = 0; plural === late && turn < 5; turn++) await setImmediate();
    throw new Error(plural);
  },
  find: async () => undefined,
  create: refuse,
  mergePatch: refuse,
  remove: refuse,
  exec: refuse,
  copyLog: refuse,
});

test.each(["deployments", "statefulsets", "persistentvolumeclaims"])("the same when %s answer last", async (late) => {
  await expect(gatherCoverage(clusterOf(late))).rejects.toThrow("deployments");
});
