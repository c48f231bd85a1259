import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  ensurePrerequisites,
  type Machine,
  PREREQUISITES,
  PrerequisitesMissingError,
} from "../../../scripts/prerequisites.ts";

let bin: string;
let installed: string[][];

beforeEach(async () => {
  bin = await mkdtemp(join(tmpdir(), "stash-batch-prerequisites-"));
  installed = [];
});

afterEach(() => rm(bin, { recursive: true, force: true }));

async function put(...programs: readonly string[]): Promise<void> {
  for (const program of programs) await writeFile(join(bin, program), "#!/bin/sh\n", { mode: 0o755 });
}

/** A machine whose only folder of programs is `bin`, and whose packages bring what the table says they bring. */
function aMachine(change: Partial<Machine> = {}): Machine {
  return {
    searchPath: [join(bin, "does-not-exist"), bin],
    obstacle: undefined,
    async install(packages) {
      installed.push([...packages]);
      const brought = Object.values(PREREQUISITES).filter((prerequisite) => packages.includes(prerequisite.package));
      await put(...brought.flatMap((prerequisite) => [...prerequisite.programs]));
    },
    ...change,
  };
}

test("nothing is installed when all programs are there", async () => {
  await put("restic", "ip");
  const progress: string[] = [];
  await ensurePrerequisites({ need: ["restic", "iproute2"], onProgress: (line) => progress.push(line) }, aMachine());
  expect({ installed, progress }).toEqual({ installed: [], progress: [] });
});

test("what is missing is installed in one call, each package once, and nothing else", async () => {
  await put("restic");
  const progress: string[] = [];
  await ensurePrerequisites(
    { need: ["restic", "procps", "rclone", "procps"], onProgress: (line) => progress.push(line) },
    aMachine(),
  );
  expect(installed).toEqual([["procps", "rclone"]]);
  expect(progress[0]).toBe("installing the Debian packages procps rclone ...");
});

test("a package of which one program is missing is installed", async () => {
  await put("unshare", "nsenter", "flock");
  await ensurePrerequisites({ need: ["util-linux"] }, aMachine());
  expect(installed).toEqual([["util-linux"]]);
});

test("a folder or a file that can't be run doesn't count as the program", async () => {
  await mkdir(join(bin, "does-not-exist"));
  await writeFile(join(bin, "does-not-exist", "restic"), "", { mode: 0o644 });
  await ensurePrerequisites({ need: ["restic"] }, aMachine());
  expect(installed).toEqual([["restic"]]);
});

test("where packages can't be installed, one message names every missing program and the command that helps", async () => {
  const machine = aMachine({ obstacle: "Only root can install packages, and this is not root." });
  const ensured = ensurePrerequisites({ need: ["restic", "mariadb-server", "iproute2"] }, machine);
  const error: unknown = await ensured.catch((reason: unknown) => reason);
  if (!(error instanceof PrerequisitesMissingError)) throw new Error("it did not refuse");
  expect(error.missing).toEqual(["restic", "mariadb-server", "iproute2"]);
  expect(error.message).toContain("mariadbd: needed to back up a real MariaDB");
  expect(error.message).toContain("this is not root");
  expect(error.message).toContain("apt-get install restic mariadb-server iproute2");
  expect(installed).toEqual([]);
});

test("an installation that fails says what apt-get said last", async () => {
  const failure = Object.assign(new Error("command failed"), {
    stderr: "reading\nE: Unable to locate package restic\n",
  });
  const machine = aMachine({ install: () => Promise.reject(failure) });
  const ensured = ensurePrerequisites({ need: ["restic"] }, machine);
  await expect(ensured).rejects.toThrow("E: Unable to locate package restic");
});

test("a package that doesn't bring its program is not taken for success", async () => {
  const machine = aMachine({ install: () => Promise.resolve() });
  const ensured = ensurePrerequisites({ need: ["restic", "rclone"] }, machine);
  await expect(ensured).rejects.toMatchObject({ missing: ["restic", "rclone"] });
});
