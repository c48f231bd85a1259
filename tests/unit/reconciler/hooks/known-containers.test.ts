import { expect, test } from "vitest";
import { tellContainers } from "../../../../reconciler/hooks/known-containers.ts";
import { messageOf } from "../../../../shared/errors.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { FakeApi } from "../fake-api.ts";

const PLACE = { namespace: "demo", pod: "web-0", container: "pre-task-hook" };
const { signal } = new AbortController();

function refused(detail: string): KubeError {
  return new KubeError({ action: "exec in container pre-task-hook", status: 400, reason: "BadRequest", detail });
}

function aCluster(): FakeApi {
  const api = new FakeApi();
  api.put("pods", {
    metadata: { name: "web-0", namespace: "demo" },
    spec: { containers: [{ name: "app" }, { name: "stash" }], initContainers: [{ name: "setup" }] },
  });
  return api;
}

const NOT_VALID = "container pre-task-hook is not valid for pod web-0";

test("E4: a container that the pod does not have is told with those that it has", async () => {
  const error = await tellContainers(aCluster().client, PLACE, refused(NOT_VALID), signal);
  expect(messageOf(error)).toBe("pod web-0 has no container pre-task-hook; it has app, stash, setup");
});

test("E4: another failure, or a pod that is gone, is told in the API server's words", async () => {
  const other = refused("container app is waiting to start");
  expect(await tellContainers(aCluster().client, PLACE, other, signal)).toBe(other);
  const gone = refused(NOT_VALID);
  expect(await tellContainers(new FakeApi().client, PLACE, gone, signal)).toBe(gone);
});
