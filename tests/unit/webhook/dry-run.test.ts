/** A restore that is a dry run is none for admission: what webhook and reconciler plan of a workload doesn't know of it. */
import { expect, test } from "vitest";
import { parseRestoreSession } from "../../../shared/api/restore-session.ts";
import { gatherInjectionView } from "../../../shared/injection/gather.ts";
import { readWorkload } from "../../../shared/injection/workload.ts";
import { restoreInvokerView } from "../../../shared/invoker/object.ts";
import { aDeployment, SETTINGS } from "./builders.ts";

test("a dry run brings no workload an init-container, and hides no real restore", () => {
  const entry = (name: string, dryRun: boolean) => ({
    phase: "Pending",
    invoker: restoreInvokerView(
      parseRestoreSession({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "RestoreSession",
        metadata: { name, namespace: "demo", uid: name },
        spec: { dryRun, target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } },
      }),
    ),
  });
  const workload = readWorkload(aDeployment());
  if (workload === undefined) throw new Error("the Deployment is not read");
  const world = {
    namespace: () => undefined,
    repository: () => undefined,
    blueprint: () => undefined,
    backupBatch: () => undefined,
    backupsNaming: () => [],
    restoresNaming: () => [entry("tried", true), entry("real", false)],
  };
  const view = gatherInjectionView(world, workload, SETTINGS);
  expect(view.restores.map(({ invoker }) => invoker.name)).toEqual(["real"]);
});
