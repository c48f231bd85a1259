import { expect, test } from "vitest";
import { leftOutOf } from "../../../../reconciler/backup-session/left-out.ts";
import { readPod } from "../../../../reconciler/world/pod-object.ts";

function aPod(place: string) {
  const raw = {
    metadata: { name: "web-1", namespace: "demo" },
    spec: {
      volumes: ["data", "uploads"].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
      containers: [
        {
          name: "app",
          volumeMounts: [
            { name: "data", mountPath: "/var/www" },
            { name: "uploads", mountPath: "/var/www/uploads" },
          ],
        },
        { name: "stash", args: ["run-backup"], volumeMounts: [{ name: "data", mountPath: place }] },
      ],
    },
  };
  const pod = readPod(raw);
  if (pod === undefined) throw new Error("the pod has no sidecar");
  return pod;
}

test.each([
  ["the outer volume", "/var/www", ["/var/www/"]],
  ["a folder above it", "/var/www", ["/var"]],
  ["the outer volume elsewhere", "/backup", ["/backup"]],
  ["the inner volume's own place, which is an empty folder here", "/var/www", ["/var/www/uploads"]],
  ["a folder of it", "/var/www", ["/var/www/uploads/2024"]],
])("a path that is %s lacks the inner volume", (_what, place, paths) => {
  expect(leftOutOf(paths, aPod(place))).toEqual([
    expect.stringMatching(/ lacks volume uploads, .* at \/var\/www\/uploads,/),
  ]);
});

test.each([
  ["beside it", "/var/www", ["/var/www/themes", "/var/www/uploads.old"]],
  ["of another name", "/backup", ["/var/www"]],
])("a path %s lacks nothing", (_what, place, paths) => {
  expect(leftOutOf(paths, aPod(place))).toEqual([]);
});
