import { expect, test } from "vitest";
import { mountsSharedOnly } from "../../../../reconciler/restore/shared-volumes.ts";
import { sourceOf } from "../../../../shared/injection/mounts.ts";

const TEMPLATE = {
  spec: {
    volumes: [
      { name: "files", persistentVolumeClaim: { claimName: "files" } },
      { name: "disk", nfs: { server: "s", path: "/" } },
      { name: "scratch", emptyDir: {} },
      { name: "node", hostPath: { path: "/var" } },
      { name: "stash-scratchdir", emptyDir: {} },
    ],
  },
};

function isShared(...mounts: readonly Parameters<typeof sourceOf>[0][]): boolean {
  const own = { name: "stash-scratchdir" };
  return mountsSharedOnly(TEMPLATE, new Map([own, ...mounts].map((mount, at) => [`/${at}`, sourceOf(mount)])));
}

test("all replicas have the claims and network disks that the template names", () => {
  expect(isShared({ name: "files" })).toBe(true);
  expect(isShared({ name: "files", subPath: "a" }, { name: "disk" })).toBe(true);
});

test("each has its own claims by templates, folders of pods and nodes, and paths with its name", () => {
  expect(isShared({ name: "data" })).toBe(false);
  expect(isShared({ name: "files" }, { name: "data" })).toBe(false);
  expect(isShared({ name: "scratch" })).toBe(false);
  expect(isShared({ name: "node" })).toBe(false);
  expect(isShared({ name: "files", subPathExpr: "$(POD_NAME)" })).toBe(false);
  expect(isShared()).toBe(false);
});
