/** What a drill finds when it compares a restored tree with its snapshot: each fault is named, and a whole tree has none. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Restic } from "../../agent/restic/client.ts";
import { verifyMembers } from "../../agent/verify/members.ts";
import type { OrderedSnapshot, VerifiedMember, VerifyOrder } from "../../shared/api/verification.ts";
import { snapshotTags } from "../../shared/snapshots/tags.ts";
import { createResticWorld, ORIGIN, type ResticWorld } from "../support/restic/restic-world.ts";

const signal = new AbortController().signal;
const BIG = Buffer.from(Array.from({ length: 3_000_000 }, (_one, at) => (at * 7919) % 251));

let world: ResticWorld;
let restic: Restic;
let away: string;
let id: string;

function makeTree(root: string): void {
  mkdirSync(join(root, "deep/er"), { recursive: true });
  for (const name of ["plain", "do$llar [x]*", "deep/er/last", " spaces "])
    writeFileSync(join(root, name), `of ${name}`);
  writeFileSync(join(root, "big"), BIG);
  writeFileSync(join(root, "empty"), "");
  writeFileSync(Buffer.concat([Buffer.from(`${root}/odd`), Buffer.from([0xff, 0xc3])]), "odd");
  writeFileSync(join(root, "program"), "#!/bin/sh\n");
  chmodSync(join(root, "program"), 0o4755);
  chownSync(join(root, "deep"), 33, 33);
  chownSync(join(root, "plain"), 33, 34);
  linkSync(join(root, "plain"), join(root, "second name"));
  symlinkSync("plain", join(root, "link -> to"));
  symlinkSync("no\nwhere", join(root, "odd link"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  utimesSync(join(root, "deep/er/last"), 1_000_000, 1_000_000);
}

beforeAll(async () => {
  world = await createResticWorld();
  restic = await world.open();
  away = join(world.dir, "away");
  makeTree(world.data);
  const [outcome] = await world.backup(restic);
  id = outcome?.kind === "saved" ? (outcome.snapshot.name ?? "") : "";
});

afterAll(() => world?.stop());

beforeEach(async () => {
  rmSync(away, { recursive: true, force: true });
  mkdirSync(away);
  const { failure } = await world.restore(restic, { targetFolder: away });
  expect(failure).toBeUndefined();
});

const place = (name: string) => join(away, world.data, name);

async function verify(
  order: Partial<VerifyOrder> = {},
  snapshot: Partial<OrderedSnapshot> = {},
  seed = "of tests",
  by = restic,
): Promise<VerifiedMember> {
  const members = await verifyMembers(
    {
      members: [
        {
          alias: "web",
          model: "Files",
          snapshots: [
            {
              id,
              host: "host-0",
              path: world.data,
              restoredTo: join(away, world.data),
              tags: snapshotTags(ORIGIN),
              ...snapshot,
            },
          ],
        },
      ],
      ...order,
    },
    {
      restic: by,
      settings: { env: process.env, secretsRoot: join(world.dir, "secrets"), scratch: join(world.dir, "scratch") },
      signal,
      log: world.log,
      seed,
      areOwnersSet: true,
      onMembers: () => undefined,
    },
  );
  const [member] = members;
  if (member === undefined) throw new Error("no member");
  return member;
}

const found = ({ findings = [] }: VerifiedMember) => findings.map(({ code, path }) => [code, path]);

describe("a restored tree", () => {
  test("that is as in the snapshot has no finding, every file of it is compared, and what can't be said is told", async () => {
    const member = await verify();
    expect(found(member)).toEqual([]);
    const sizes = ["plain", "plain", "do$llar [x]*", "deep/er/last", " spaces "].map((name) => `of ${name}`.length);
    const bytes = sizes.reduce((sum, size) => sum + size, BIG.length + "odd".length + "#!/bin/sh\n".length);
    expect(member).toMatchObject({ files: 15, bytes, compared: 9, comparedBytes: bytes, findingCount: 0 });
    expect(member.snapshots).toEqual([
      { id, host: "host-0", path: world.data, tree: expect.stringMatching(/^[0-9a-f]{64}$/), time: expect.any(String) },
    ]);
    expect(member.unproven).toEqual([expect.stringContaining("links lead")]);
    expect(member.sampleSeed).toBeUndefined();
  });

  test.each<[string, string, string, () => void]>([
    ["a missing file", "RESTORED_FILE_MISSING", "deep/er/last", () => unlinkSync(place("deep/er/last"))],
    ["a missing link", "RESTORED_FILE_MISSING", "link -> to", () => unlinkSync(place("link -> to"))],
    ["a missing pipe", "RESTORED_FILE_MISSING", "pipe", () => unlinkSync(place("pipe"))],
    [
      "a file that is a folder",
      "RESTORED_FILE_DIFFERS",
      "empty",
      () => {
        unlinkSync(place("empty"));
        mkdirSync(place("empty"));
      },
    ],
    [
      "a shorter file",
      "RESTORED_FILE_DIFFERS",
      "big",
      () => keepTime("big", () => truncateSync(place("big"), 2_999_999)),
    ],
    [
      "a byte of a file with the same size and time",
      "RESTORED_FILE_DIFFERS",
      "big",
      () => keepTime("big", () => writeFileSync(place("big"), Buffer.from(BIG).fill(7, 1_500_000, 1_500_001))),
    ],
    [
      "a file of zeros with the same size and time",
      "RESTORED_FILE_DIFFERS",
      " spaces ",
      () => keepTime(" spaces ", () => writeFileSync(place(" spaces "), Buffer.alloc("of  spaces ".length))),
    ],
    ["a wrong owner", "RESTORED_METADATA_DIFFERS", "deep", () => chownSync(place("deep"), 0, 33)],
    ["a wrong group", "RESTORED_METADATA_DIFFERS", "big", () => chownSync(place("big"), 0, 7)],
    ["a wrong mode", "RESTORED_METADATA_DIFFERS", "big", () => chmodSync(place("big"), 0o600)],
    ["a lost set-user bit", "RESTORED_METADATA_DIFFERS", "program", () => chmodSync(place("program"), 0o755)],
    [
      "a wrong time",
      "RESTORED_METADATA_DIFFERS",
      "deep/er/last",
      () => utimesSync(place("deep/er/last"), 2_000_000, 2_000_000),
    ],
  ])("D: %s is named", async (_what, code, name, harm) => {
    harm();
    expect(found(await verify())).toEqual([[code, join(world.data, name)]]);
  });

  test("a link that leads elsewhere is named", async () => {
    const time = statSync(place("plain")).mtimeMs / 1_000;
    unlinkSync(place("link -> to"));
    symlinkSync("elsewhere", place("link -> to"));
    lutimesSync(place("link -> to"), time, time);
    const member = await verify();
    expect(found(member)).toContainEqual(["RESTORED_FILE_DIFFERS", `${join(world.data, "link -> to")} -> elsewhere`]);
  });

  test("a second name that is now a file of its own with other content is not taken for the first one's", async () => {
    keepTime("second name", () => {
      unlinkSync(place("second name"));
      writeFileSync(place("second name"), "OF plain");
      chownSync(place("second name"), 33, 34);
    });
    const member = await verify();
    expect(member.findingCount).toBeGreaterThan(0);
    expect(found(member)[0]?.[0]).toBe("VERIFY_FAILED");
  });

  test("of which nothing came back is told in full number, and the list stays short", async () => {
    rmSync(join(away, world.data), { recursive: true });
    for (let at = 0; at < 40; at += 1) writeFileSync(join(world.data, `many-${at}`), "x");
    const [outcome] = await world.backup(restic);
    const many = outcome?.kind === "saved" ? outcome.snapshot.name : undefined;
    for (let at = 0; at < 40; at += 1) unlinkSync(join(world.data, `many-${at}`));
    const member = await verify({}, { id: many ?? "" });
    expect(member.findingCount).toBe(55);
    expect(member.findings).toHaveLength(20);
    expect(member.compared).toBe(0);
  });
});

function keepTime(name: string, change: () => void): void {
  const { atimeMs, mtimeMs } = statSync(place(name));
  change();
  utimesSync(place(name), atimeMs / 1_000, mtimeMs / 1_000);
}

describe("a sample", () => {
  test("compares the contents of a choice that follows from the recorded seed, and the attributes of all", async () => {
    const first = await verify({ sample: "30%" }, {}, "seed-1");
    expect(first.sampleSeed).toBe("seed-1");
    expect(first.compared).toBeGreaterThan(0);
    expect(first.compared).toBeLessThan(9);
    expect(first.files).toBe(15);
    expect(found(first)).toEqual([]);
    expect(first.unproven).toContain("contents of the files outside of the sample");
    expect(await verify({ sample: "30%" }, {}, "seed-1")).toEqual(first);
  });

  test("finds what is wrong in the files that it chose, whatever their names", async () => {
    const names = ["do$llar [x]*", "plain", "big"];
    for (const name of names) {
      const length = statSync(place(name)).size;
      keepTime(name, () => writeFileSync(place(name), Buffer.alloc(length, 1)));
    }
    const member = await verify({ sample: "99.9999%" });
    // The second name of a file has its content.
    const both = [...names, "second name"].map((name) => join(world.data, name));
    expect(
      found(member)
        .map(([, path]) => path)
        .sort(),
    ).toEqual(both.sort());
  });

  test("that is none is refused", async () => {
    await expect(verify({ sample: "a bit" })).rejects.toMatchObject({ code: "INVALID_OBJECT" });
  });
});

describe("a snapshot", () => {
  test("of another application under the same tags is named, since the session saved another one", async () => {
    const other = join(world.dir, "other");
    mkdirSync(other);
    writeFileSync(join(other, "of another"), "x");
    const tags = snapshotTags(ORIGIN).flatMap((tag) => ["--tag", tag]);
    const lines: string[] = [];
    const exit = await restic.run(["backup", "--json", "--host", "host-0", ...tags, other], {
      onOutput: (line) => lines.push(line),
    });
    expect(exit.code).toBe(0);
    const foreign = /"snapshot_id":"([0-9a-f]{64})"/.exec(lines.join("\n"))?.[1] ?? "";
    const member = await verify({}, { id: foreign, path: other, restoredTo: other, recordedId: id });
    expect(found(member)).toEqual([["SNAPSHOT_FOREIGN", other]]);
    // Its path gives it away where nobody remembers the session.
    expect(found(await verify({}, { id: foreign }))).toContainEqual(["SNAPSHOT_FOREIGN", world.data]);
  });

  test("of another application that a restore would take in its place is named, though the right one was restored", async () => {
    const [outcome] = await world.backup(restic);
    const own = outcome?.kind === "saved" ? (outcome.snapshot.name ?? "") : "";
    const saved = { id: own, recordedId: own };
    expect(found(await verify({}, saved))).toEqual([]);
    // Whoever may write to the repository may say so of any snapshot.
    const tags = snapshotTags(ORIGIN).flatMap((tag) => ["--tag", tag]);
    const exit = await restic.run(["backup", "--json", "--host", "host-0", ...tags, world.data], {});
    expect(exit.code).toBe(0);
    expect(found(await verify({}, saved))).toEqual([["SNAPSHOT_FOREIGN", world.data]]);
  });

  test("that is not there is named, and nothing is called good", async () => {
    for (const [lost, code] of [
      ["f".repeat(64), "REPOSITORY_DAMAGED"],
      ["ffffffff", "SNAPSHOT_NOT_FOUND"],
    ] as const) {
      const member = await verify({}, { id: lost });
      expect(found(member)).toEqual([[code, undefined]]);
      expect(member.files).toBe(0);
    }
  });

  test("of a single file is compared too", async () => {
    const [outcome] = await world.backup(restic, { paths: [join(world.data, "big")] });
    const single = outcome?.kind === "saved" ? (outcome.snapshot.name ?? "") : "";
    const where = { id: single, path: join(world.data, "big"), restoredTo: place("big") };
    expect(await verify({}, where)).toMatchObject({ files: 1, compared: 1, findingCount: 0 });
    keepTime("big", () => writeFileSync(place("big"), Buffer.alloc(BIG.length)));
    expect(found(await verify({}, where))).toEqual([["RESTORED_FILE_DIFFERS", join(world.data, "big")]]);
  });
});

test("a pack that is lost in the middle shows in the files that it left wrong, or in the folders that can't be read", async () => {
  const own = await createResticWorld();
  try {
    const client = await own.open();
    writeFileSync(join(own.data, "small"), "small");
    // Nothing that could be made smaller: its pack is the largest.
    writeFileSync(join(own.data, "big"), randomBytes(3_000_000));
    const [outcome] = await own.backup(client);
    const saved = outcome?.kind === "saved" ? (outcome.snapshot.name ?? "") : "";
    const packs = readdirSync(join(own.repository, "data"), { recursive: true, encoding: "utf8" })
      .map((name) => join(own.repository, "data", name))
      .filter((path) => statSync(path).isFile())
      .sort((a, b) => statSync(b).size - statSync(a).size);
    const [dataPack = ""] = packs;
    const content = readFileSync(dataPack);
    unlinkSync(dataPack);
    const target = join(own.dir, "away");
    mkdirSync(target);
    await own.restore(client, { targetFolder: target });
    const where = { id: saved, path: own.data, restoredTo: join(target, own.data) };
    const ofData = await verify({}, where, "s", client);
    expect(ofData.findingCount).toBeGreaterThan(0);
    expect(ofData.findings?.some(({ path }) => path === join(own.data, "big"))).toBe(true);
    writeFileSync(dataPack, content);
    rmSync(join(own.dir, "scratch", "restic-cache"), { recursive: true, force: true });
    for (const pack of packs.slice(1)) unlinkSync(pack);
    const ofTrees = await verify({}, where, "s", client);
    expect(ofTrees.findings?.map(({ code }) => code)).toEqual(["REPOSITORY_DAMAGED"]);
  } finally {
    await own.stop();
  }
});
