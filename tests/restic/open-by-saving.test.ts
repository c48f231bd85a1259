/** The first backup opens the repository itself; what follows from that where there is none, or none that can be opened. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Restic } from "../../agent/restic/client.ts";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import { openBySaving } from "../../agent/work/open-by-saving.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

let world: ResticWorld;
let looks: string[];
const { signal } = new AbortController();

beforeEach(async () => {
  world = await createResticWorld();
  writeFileSync(join(world.data, "file"), "content");
  looks = [];
});
afterEach(() => world.stop());

function opening(restic: Restic): Restic {
  const ensure = async () => {
    const isNew = await ensureRepository(restic, signal).catch((error) => {
      looks.push("failed");
      throw error;
    });
    looks.push(isNew ? "made" : "exists");
    return isNew;
  };
  return openBySaving(restic, { onFound: () => looks.push("found"), ensure, signal });
}

async function paths(): Promise<readonly string[]> {
  return ["first", "second"].map((name) => {
    writeFileSync(join(world.dir, name), name);
    return join(world.dir, name);
  });
}

const isOldest = process.env["STASH_BATCH_TEST_RESTIC"] === "oldest";

test("a repository that is there is found by the first backup, without a look for it", async () => {
  const outcomes = await world.backup(opening(await world.open()), { paths: await paths() });
  expect(outcomes.map(({ kind }) => kind)).toEqual(["saved", "saved"]);
  expect(looks).toEqual(["found"]);
});

test("one that is not there is made, once, and the backup is in it", async () => {
  const restic = await world.open(world.bareBackend);
  const outcomes = await world.backup(opening(restic), { paths: await paths() });
  expect(outcomes.map(({ kind }) => kind)).toEqual(["saved", "saved"]);
  expect(looks).toEqual(["made"]);
  expect(await restic.snapshots({}, { signal })).toHaveLength(2);
});

test("one that can't be opened is told once, and fails every path with that reason", async () => {
  const wrong = await world.open(world.localBackend, { RESTIC_PASSWORD: "something else" });
  const outcomes = await world.backup(opening(wrong), { paths: await paths() });
  expect(outcomes.map((outcome) => outcome.kind === "failed" && outcome.error.code)).toEqual([
    "REPOSITORY_WRONG_PASSWORD",
    "REPOSITORY_WRONG_PASSWORD",
  ]);
  expect(looks).toEqual(["failed"]);
});

test("arguments that restic refuses say nothing about the repository: it is looked for", async () => {
  const outcomes = await world.backup(opening(await world.open()), { args: ["--no-such-flag"] });
  expect(outcomes).toMatchObject([{ kind: "failed", error: { code: "RESTIC_FAILED" } }]);
  expect(looks).toEqual(["exists"]);
});

test("restic's id of the repository is known of one that is made, found, or opened by the backup itself, without one more call", async () => {
  const idOf = async (restic: Restic) => {
    let id: string | undefined;
    await ensureRepository(restic, signal, (told) => {
      id = told;
    });
    return id;
  };
  const restic = await world.open(world.bareBackend);
  expect(restic.openedId()).toBeUndefined();
  const made = await idOf(restic);
  const found = await idOf(restic);
  expect(found).toMatch(/^[0-9a-f]{64}$/);
  // The oldest restic does not tell it when it makes one.
  expect(made).toBe(isOldest ? undefined : found);
  let seen: string | undefined;
  const opened = openBySaving(restic, {
    onFound: () => {
      seen = restic.openedId();
    },
    ensure: async () => false,
    signal,
  });
  await world.backup(opened, { paths: await paths() });
  expect(seen).toBe(found);
});

test("no id is told of another repository whose cache lies beside", async () => {
  const [one, other] = [await world.open(), await world.open(world.bareBackend)];
  await ensureRepository(other, signal);
  await world.backup(one, { paths: await paths() });
  const first = one.openedId();
  await world.backup(other, { paths: await paths() });
  expect(other.openedId()).toMatch(/^[0-9a-f]{64}$/);
  expect(other.openedId()).not.toBe(first);
});
