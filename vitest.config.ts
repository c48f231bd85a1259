import { defineConfig } from "vitest/config";

/**
 * Three projects, told apart by what they need: `unit` needs nothing but node, `restic` needs the real restic program,
 * `cluster` needs root, restic and real control planes (one for each worker, started by the global set-up).
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/unit/**/*.test.ts", "tests/golden/**/*.test.ts", "tests/transcripts/**/*.test.ts"],
          // Some run programs of ours; on a busy machine of two cores each start takes seconds.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "restic",
          include: ["tests/restic/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["tests/cluster/**/*.test.ts"],
          globalSetup: ["tests/support/cluster-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Each worker has a control plane of its own.
          maxWorkers: 2,
        },
      },
    ],
  },
});
