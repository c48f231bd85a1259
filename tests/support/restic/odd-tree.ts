/** A tree of everything that a file system allows and a backup must bring back. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const SPARSE_BYTES = 64 * 1024 * 1024;

function bytes(path: string, ...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat([Buffer.from(path), ...parts.map((part) => Buffer.from(part))]);
}

/** Makes the tree. Root makes owners, and devices are left out: containers have none. */
export function makeOddTree(root: string): void {
  const file = (name: string, content: string | Buffer = name) => writeFileSync(join(root, name), content);
  file("plain.txt", "plain");
  file("empty", "");
  file("with space.txt");
  file("-rf");
  file("--help");
  file("new\nline");
  file("tab\there");
  file("quote\"'`$HOME;|&");
  file("*?[x]");
  file("\\back\\slash");
  file("größe-日本-🙂");
  writeFileSync(bytes(`${root}/`, Buffer.from([0x69, 0x6e, 0x76, 0xff, 0xfe, 0x2e])), "not UTF-8");
  mkdirSync(join(root, "empty folder"));
  mkdirSync(join(root, "deep", "a", "b", "c", "d", "e"), { recursive: true });
  file("deep/a/b/c/d/e/leaf");
  mkdirSync(bytes(`${root}/`, Buffer.from([0xc3, 0x28])));
  writeFileSync(bytes(`${root}/`, Buffer.from([0xc3, 0x28]), "/inside"), "below a name that is not UTF-8");
  symlinkSync("plain.txt", join(root, "link"));
  symlinkSync("/nowhere/at/all", join(root, "dangling"));
  symlinkSync("loop-b", join(root, "loop-a"));
  symlinkSync("loop-a", join(root, "loop-b"));
  symlinkSync(".", join(root, "self"));
  linkSync(join(root, "plain.txt"), join(root, "hard link"));
  execFileSync("mkfifo", [join(root, "fifo")]);
  const sparse = openSync(join(root, "sparse"), "w");
  ftruncateSync(sparse, SPARSE_BYTES);
  writeSync(sparse, "end", SPARSE_BYTES - 3);
  closeSync(sparse);
  file("setuid", "x");
  chmodSync(join(root, "setuid"), 0o4755);
  mkdirSync(join(root, "sticky"));
  chmodSync(join(root, "sticky"), 0o1777);
  file("secret", "s");
  chmodSync(join(root, "secret"), 0o000);
  file("owned", "o");
  chownSync(join(root, "owned"), 4711, 815);
  file("old", "o");
  utimesSync(join(root, "old"), 1, 86_400 * 365 * 30);
  lutimesSync(join(root, "dangling"), 1, 86_400 * 365 * 20);
  file("attributes", "x");
  execFileSync("setfattr", ["-n", "user.note", "-v", "kept", join(root, "attributes")]);
}

/** Extended attributes of all files, as text to compare. */
export function describeAttributes(root: string): string {
  return execFileSync("getfattr", ["-R", "-h", "-d", "-m", "user.*", "."], { cwd: root, encoding: "utf8" });
}
