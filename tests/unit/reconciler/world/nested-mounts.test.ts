import { describe, expect, test } from "vitest";
import { readPod } from "../../../../reconciler/world/pod-object.ts";

const mount = (name: string, mountPath: string, more: object = {}) => ({ name, mountPath, ...more });
const claim = (name: string) => ({ name, persistentVolumeClaim: { claimName: name } });

const pod = (application: readonly object[], sidecar: readonly object[], volumes: readonly object[]) =>
  readPod({
    metadata: { name: "web-1", namespace: "demo" },
    spec: {
      volumes,
      containers: [
        { name: "app", volumeMounts: application },
        { name: "stash", args: ["run-backup"], volumeMounts: sidecar },
      ],
    },
  })?.nestedMounts?.map(({ volume, path, below }) => [volume, path, below].join(" "));

const VOLUMES = [claim("data"), claim("uploads"), { name: "cache", emptyDir: {} }, { name: "config", configMap: {} }];
const APPLICATION = [
  mount("data", "/data"),
  mount("uploads", "/data/uploads/"),
  mount("cache", "/data/cache"),
  mount("config", "/data/app.conf"),
];

describe("volumes of the application within another one", () => {
  test("are read where the sidecar has that one alone, wherever it has it", () => {
    const nested = ["uploads /data/uploads /uploads"];
    expect(pod(APPLICATION, [mount("data", "/data")], VOLUMES)).toEqual(nested);
    expect(pod(APPLICATION, [mount("data", "/backup/")], VOLUMES)).toEqual(nested);
  });

  test.each([
    ["the sidecar has both", APPLICATION, [mount("data", "/data"), mount("uploads", "/data/uploads")]],
    ["the sidecar has both, at other places", APPLICATION, [mount("data", "/a"), mount("uploads", "/b")]],
    ["the sidecar has the inner one alone", APPLICATION, [mount("uploads", "/data/uploads")]],
    ["they lie beside each other", [mount("data", "/data"), mount("uploads", "/database")], [mount("data", "/data")]],
    [
      "they are in two containers' eyes one volume",
      [mount("data", "/data"), mount("data", "/data/again")],
      [mount("data", "/data")],
    ],
  ])("are none where %s", (_what, application, sidecar) => {
    expect(pod(application, sidecar, VOLUMES)).toBeUndefined();
  });

  test("a folder of a volume is another than the volume", () => {
    const application = [
      mount("data", "/data", { subPath: "www" }),
      mount("data", "/data/shared", { subPath: "shared" }),
    ];
    expect(pod(application, [mount("data", "/data", { subPath: "www" })], VOLUMES)).toEqual([
      "data /data/shared /shared",
    ]);
    expect(pod(application, [mount("data", "/data")], VOLUMES)).toBeUndefined();
  });
});
