import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tests/support/longest-first.ts";

/** What all files about the real restic program have in common. */
const RESTIC = {
  globalSetup: ["tests/support/restic/restic-setup.ts"],
  setupFiles: ["tests/support/restic/use-restic.ts"],
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Some wait, for a store that is away or a database that starts.
  maxWorkers: 3,
};

/**
 * Projects, told apart by what they need: `unit` needs nothing but node; `restic` needs the restic and the clients of databases
 * that the image ships and `restic-oldest` the oldest restic that docs/compatibility.md names, all fetched when they are missing;
 * `cluster` needs root, restic and real control planes (one for each worker, started by the global set-up).
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts", "tests/golden/**/*.test.ts", "tests/transcripts/**/*.test.ts"],
          // Some run programs of ours; on a busy machine of two cores each start takes seconds.
          testTimeout: 60_000,
          // A worker loads each module once for all its files, which spares a fifth of the time. So no test may leave anything behind in a
          // module, the environment or the process, and what measures memory does so in a process of its own.
          isolate: false,
          setupFiles: ["tests/support/leave-nothing.ts"],
        },
      },
      { test: { ...RESTIC, name: "restic", include: ["tests/restic/**/*.test.ts"] } },
      {
        test: {
          ...RESTIC,
          name: "restic-oldest",
          env: { STASH_BATCH_TEST_RESTIC: "oldest" },
          // Where databases are dumped and loaded, restic only takes and gives one stream; drills have the image's restic.
          include: ["tests/restic/**/*.test.ts"],
          exclude: ["tests/restic/{dump-{mariadb,postgres,tls,large,image-clients},verify-*}.test.ts"],
        },
      },
      {
        test: {
          name: "cluster",
          include: ["tests/cluster/**/*.test.ts"],
          globalSetup: [...RESTIC.globalSetup, "tests/support/cluster-setup.ts"],
          setupFiles: [...RESTIC.setupFiles, "tests/support/leave-no-namespace.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Each worker has a control plane of its own.
          maxWorkers: 2,
        },
      },
    ],
  },
});
