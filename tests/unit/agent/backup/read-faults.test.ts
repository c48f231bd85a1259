import { describe, expect, test } from "vitest";
import { judgePath } from "../../../../agent/backup/judge-path.ts";
import { parseMounts, volumesAmong } from "../../../../agent/backup/mounts.ts";
import { type ItemKind, type ReadFault, ReadFaults, readFaultOf } from "../../../../agent/backup/read-faults.ts";

// Words of restic 0.14 and 0.18, as agent/restic/messages.ts gives them.
test.each<[text: string, kind: ItemKind, fault: ReadFault]>([
  ["open: permission denied", "other", "file"],
  ["open: permission denied", "missing", "file"],
  ["open: input/output error", "other", "file"],
  ["read: stale file handle", "other", "file"],
  ["lstat: permission denied", "missing", "folder"],
  ["lstat: permission denied", "other", "folder"],
  ["openfile for readdirnames failed: open: permission denied", "folder", "folder"],
  ["openfile for readdirnames failed: open: permission denied", "missing", "folder"],
  ["readdirnames: readdirent: input/output error", "folder", "folder"],
  ["unknown error", "folder", "folder"],
  ["Listxattr: permission denied", "folder", "file"],
  ["incomplete metadata for /data/d: operation not supported", "folder", "file"],
  ["lstat: no such file or directory", "missing", "vanished"],
  // A file system may list what it does not open, and lose and find a folder.
  ["open: no such file or directory", "other", "file"],
  ["lstat: no such file or directory", "other", "file"],
  ["openfile for readdirnames failed: open: no such file or directory", "folder", "folder"],
  ["lstat: no such file or directory", "folder", "folder"],
  ["lstat: no such file or directory", "unseen", "folder"],
  ["unknown error", "unseen", "folder"],
  ["open: permission denied", "unseen", "file"],
  ["openfile for readdirnames failed: open: no such file or directory", "missing", "vanished"],
  ["unknown error", "missing", "vanished"],
  ["unknown error", "other", "file"],
  ["openfile for readdirnames failed: open: permission denied", "reserved", "reserved"],
  ["unknown error", "reserved", "reserved"],
])("%s at a place with %s is %s", (text, kind, fault) => {
  expect(readFaultOf({ item: "/data/x", text }, kind)).toBe(fault);
});

test("a folder whose name is no text has not vanished because it can't be looked up", () => {
  expect(readFaultOf({ item: "/data/x\uFFFD", text: "unknown error" }, "missing")).toBe("folder");
});

test("an item counts once, and beyond the named ones they are counted", () => {
  const faults = new ReadFaults();
  for (let at = 0; at < 25; at += 1) {
    faults.add({ item: `/data/${at}`, text: "open: permission denied" }, "other");
    faults.add({ item: `/data/${at}`, text: "open: permission denied" }, "other");
  }
  faults.add({ item: "/data/gone", text: "lstat: no such file or directory" }, "missing");
  expect(faults.count).toBe(25);
  expect(faults.firstFolder).toBeUndefined();
  expect(faults.warnings("/data")).toHaveLength(21);
  expect(faults.warnings("/data").at(-1)).toBe("5 more files of /data could not be read");
});

describe("what was saved of a path", () => {
  const good = { path: "/data", filesRead: 3, unreadable: 0, firstFolder: undefined, isUnnamed: false, hasFile: true };
  test.each([
    ["all", good, undefined],
    ["all but single files", { ...good, unreadable: 2 }, undefined],
    ["nothing, and nothing is there", { ...good, filesRead: 0, hasFile: false }, undefined],
    ["no file, though there are some", { ...good, filesRead: 0 }, "NOTHING_SELECTED"],
    ["no file, since none could be read", { ...good, filesRead: 0, unreadable: 1 }, "FILES_UNREADABLE"],
    ["all but a folder", { ...good, unreadable: 1, firstFolder: "/data/d: denied" }, "FILES_UNREADABLE"],
    ["all but what restic does not name", { ...good, isUnnamed: true }, "FILES_UNREADABLE"],
  ])("%s", (_what, facts, code) => {
    expect(judgePath(facts)?.code).toBe(code);
  });
});

describe("volumes of the container", () => {
  const INFO = [
    "550 549 0:50 / / rw,relatime - overlay overlay rw",
    "551 550 0:53 / /proc rw,nosuid - proc proc rw",
    "560 550 8:1 /pods/1/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw",
    "561 550 0:60 / /stash-tmp rw - tmpfs tmpfs rw",
    "562 550 8:1 /secrets/1 /etc/stash/repository/backend ro - tmpfs tmpfs rw",
    "563 550 8:1 /claims/1 /var/lib/my\\040data rw - ext4 /dev/sda1 rw",
    "",
  ].join("\n");

  test("are its mounts but those that every container and we ourselves have", () => {
    expect(volumesAmong(parseMounts(INFO))).toEqual(["/", "/var/lib/my data"]);
  });

  test("are unknown to a process that is in no container of ours", () => {
    expect(volumesAmong(["/", "/proc", "/data"])).toBeUndefined();
  });
});
