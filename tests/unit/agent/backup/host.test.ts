import { expect, test } from "vitest";
import { backupHost, type HostBackupPorts } from "../../../../agent/backup/host.ts";
import { createAgentLogger } from "../../../../agent/log.ts";
import { createRestic } from "../../../../agent/restic/client.ts";

test("C01: what an order says that the paths do not hold is told once, as a warning of the host", async () => {
  const restic = createRestic({
    access: {
      provider: "local",
      env: {},
      flags: [],
      localFolder: "/nowhere",
      secrets: [],
      warnings: ["an odd Secret"],
    },
    env: {},
    scratch: "/nowhere",
    isCacheEnabled: false,
    memoryLimitBytes: undefined,
  });
  const ports: HostBackupPorts = {
    restic,
    withLock: (run) => run(),
    // Nothing is begun any more.
    signal: AbortSignal.abort(),
    log: createAgentLogger("error", () => undefined),
    now: () => new Date(0),
    onProgress: () => undefined,
    onSaved: () => undefined,
    adopt: async () => ({ unsure: [] }),
  };
  const origin = {
    session: { namespace: "demo", name: "nightly-1" },
    invoker: { kind: "BackupBatch", namespace: "demo", name: "nightly" },
    target: { kind: "Deployment", namespace: "demo", name: "web" },
  };
  const backup = { hostname: "web", paths: ["/a", "/b"], exclude: [], args: [], earlier: [], leftOut: ["/a lacks b"] };
  const outcomes = await backupHost({ ...backup, origin }, ports);
  expect(outcomes.map(({ warnings }) => warnings)).toEqual([["an odd Secret", "/a lacks b"], []]);
});
