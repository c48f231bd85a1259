import { expect, test } from "vitest";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { knowsOwnPod, withOwnImage } from "../../../../shared/kube/own-image.ts";

const ENV = { POD_NAME: "webhook-1", POD_NAMESPACE: "stash-batch" };

function aClient(...containers: readonly object[]) {
  const asked: string[] = [];
  const client: Pick<KubeClient, "get"> = {
    async get(resource, namespace, name, parse) {
      asked.push(`${resource.plural} ${namespace}/${name}`);
      return parse({ spec: { containers } });
    },
  };
  return { client, asked };
}

test("the image is that of the program's own container, whatever else is in its pod", async () => {
  const { client, asked } = aClient(
    { name: "mesh", image: "mesh:1" },
    { name: "webhook", image: "r.io/ours@sha256:1" },
  );
  const settings = { image: "", nativeSidecar: true };
  expect(await withOwnImage(settings, "webhook", client, ENV)).toEqual({
    image: "r.io/ours@sha256:1",
    nativeSidecar: true,
  });
  expect(asked).toEqual(["pods stash-batch/webhook-1"]);
});

test("an image that a flag names wins, and nobody is asked", async () => {
  const { client, asked } = aClient();
  expect(await withOwnImage({ image: "i:1" }, "webhook", client, {})).toEqual({ image: "i:1" });
  expect(asked).toEqual([]);
});

test("a pod without such a container is told apart from an API server that is away", async () => {
  const { client } = aClient({ name: "mesh", image: "mesh:1" });
  await expect(withOwnImage({ image: "" }, "webhook", client, ENV)).rejects.toMatchObject({
    code: "CONFIGURATION_INVALID",
  });
});

test("a process knows its pod only when both are said", () => {
  expect(knowsOwnPod(ENV)).toBe(true);
  expect(knowsOwnPod({ POD_NAME: "webhook-1" })).toBe(false);
  expect(knowsOwnPod({ ...ENV, POD_NAME: "" })).toBe(false);
});
