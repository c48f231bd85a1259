/** Work on a repository as an agent does it for a host run, with the API server's part kept in memory. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runActions } from "../../../agent/work/run-actions.ts";
import { createStopper, type Stopper } from "../../../agent/work/stop.ts";
import type { WorkPorts } from "../../../agent/work/turn-ports.ts";
import type { HostAction } from "../../../shared/api/closed-lists.ts";
import { type HostRun, parseHostRun } from "../../../shared/api/host-run.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { PASSWORD, type ResticWorld } from "./restic-world.ts";

/** A host run that asks for the actions on the world's own repository. */
export function actionRun(world: ResticWorld, work: "Backup" | "Maintain", actions: readonly HostAction[]): HostRun {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: KINDS.HostRun.kind,
    metadata: { name: "run", namespace: "demo", uid: "uid" },
    spec: {
      work,
      run: { kind: "Repository", name: "store" },
      host: "pod",
      pod: { name: "pod", uid: "uid-pod" },
      repository: { name: "store", namespace: "demo", backend: world.localBackend },
      actions,
    },
  });
}

/** Mounts the Secret of the world's repository. @returns the folder of all that are mounted */
export async function mountSecret(world: ResticWorld): Promise<string> {
  const secretsRoot = join(world.dir, "mounted");
  await mkdir(join(secretsRoot, "backend"), { recursive: true });
  await writeFile(join(secretsRoot, "backend", "RESTIC_PASSWORD"), PASSWORD);
  return secretsRoot;
}

interface ReportOptions {
  readonly stopper?: Stopper;
  /** Is told the whole status after each report. */
  readonly onReport?: (told: Readonly<Record<string, unknown>>) => void;
}

/** What the agent reports of the actions, field by field as it was told last. */
export async function reportOf(
  world: ResticWorld,
  run: HostRun,
  secretsRoot: string,
  { stopper = createStopper(), onReport }: ReportOptions = {},
): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  const identity = { host: "127.0.0.1", port: 1, namespace: "demo", ca: () => "", token: () => "" };
  const ports = {
    settings: {
      flags: new Map(),
      env: { PATH: process.env["PATH"] },
      pod: { name: "pod", uid: "uid-pod", namespace: "demo", nodeName: undefined, ip: undefined, ordinal: undefined },
      target: { kind: "", namespace: "demo", name: "" },
      targetKey: "",
      scratch: join(world.dir, "scratch"),
      secretsRoot,
      isCacheEnabled: false,
      memoryLimitBytes: undefined,
      identity,
      log: world.log,
    },
    api: {
      identity,
      get: async () => ({ kind: "gone", message: "" }),
      create: async () => ({ kind: "gone", message: "" }),
      patchStatus: async (_object, patch) => {
        Object.assign(told, "status" in patch ? patch.status : {});
        onReport?.(told);
        return { kind: "ok", object: {} };
      },
    },
    runs: {
      list: () => [run],
      get: () => run,
      changed: async () => undefined,
      onChange: () => () => undefined,
      ended: Promise.resolve(),
    },
    stopper,
    log: world.log,
    dead: () => [],
    now: () => new Date(),
  } satisfies WorkPorts;
  await runActions(run, run.spec.actions ?? [], ports);
  return told;
}
