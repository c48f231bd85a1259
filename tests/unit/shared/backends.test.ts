/** A kind of store is a row of one table: whatever stands in a row is known to all that read it, and nothing else names a kind. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { buildRepositoryAccess } from "../../../agent/restic/backend.ts";
import { buildBackend } from "../../../cli/create/backend.ts";
import { flagValues } from "../../../cli/program/flag-values.ts";
import { backendSchema } from "../../../shared/api/backend.ts";
import { BACKENDS, type BackendTable, backendNames, usedBackend } from "../../../shared/backends.ts";

/** A kind that restic doesn't have, with everything that a row can say, in the place of one with the same spec. */
const TABLE: BackendTable = {
  ...BACKENDS,
  b2: {
    store: ({ bucket, prefix = "" }) => ({ bucket, prefix, maxConnections: 2 }),
    address: ({ bucket, prefix = "" }, secret) => `tape:${secret.get("TAPE_ROBOT")}:${bucket}/${prefix}`,
    shownPlace: ({ bucket }) => ({ bucket: `tape ${bucket}` }),
    variables: ["TAPE_SPEED"],
    addressKeys: ["TAPE_ROBOT"],
    files: { TAPE_KEY: "TAPE_KEY_FILE" },
    required: ["TAPE_ROBOT"],
    pairs: [["TAPE_USER", "TAPE_CODE"]],
    identities: { of: ["TAPE_OWNER"], proofs: ["TAPE_SEAL", "TAPE_STAMP"] },
    connectionsOption: "tape",
    extras: () => ({ env: { TAPE_MODE: "slow" }, flags: ["--tape"] }),
    fromFlags: ({ bucket = "none" }) => ({ bucket, prefix: "of flags" }),
  },
};
const BACKEND = { b2: { bucket: "shelf", prefix: "a" } };

function access(values: Readonly<Record<string, string>>) {
  const all = { RESTIC_PASSWORD: "secret password", ...values };
  const secret = { name: "backend", folder: "/secrets/backend", values: new Map(Object.entries(all)) };
  return buildRepositoryAccess(BACKEND, secret, TABLE);
}

test("a row of the table is all that restic's environment and flags are made of", () => {
  expect(access({ TAPE_ROBOT: "r2", TAPE_SPEED: "9", TAPE_KEY: "lines", TAPE_HIDDEN: "x" })).toMatchObject({
    provider: "b2",
    env: {
      RESTIC_REPOSITORY: "tape:r2:shelf/a",
      RESTIC_PASSWORD: "secret password",
      TAPE_SPEED: "9",
      TAPE_MODE: "slow",
      TAPE_KEY_FILE: "/secrets/backend/TAPE_KEY",
    },
    flags: ["--option", "tape.connections=2", "--tape"],
  });
  expect(access({ TAPE_ROBOT: "r2", TAPE_HIDDEN: "x" }).env).not.toHaveProperty("TAPE_HIDDEN");
});

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  ["a key that it needs", {}, /lacks TAPE_ROBOT/],
  ["the other half of a pair", { TAPE_ROBOT: "r", TAPE_USER: "u" }, /lacks TAPE_CODE/],
  ["a proof of who it is", { TAPE_ROBOT: "r", TAPE_OWNER: "o" }, /lacks TAPE_SEAL/],
  ["a value on one line", { TAPE_ROBOT: "r\n" }, /TAPE_ROBOT ends in a line break/],
])("a row says what its Secret lacks: %s", (_what, values, words) => {
  expect(() => access(values)).toThrow(words);
});

test("one of several proofs is enough", () => {
  expect(access({ TAPE_ROBOT: "r", TAPE_OWNER: "o", TAPE_STAMP: "s" }).provider).toBe("b2");
});

test("a row says what metrics show and what flags make", () => {
  expect(usedBackend(BACKEND, TABLE)?.shownPlace).toEqual({ bucket: "tape shelf" });
  expect(buildBackend(flagValues({ provider: "b2", bucket: "shelf", secret: "s" }), TABLE)).toEqual({
    storageSecretName: "s",
    b2: { bucket: "shelf", prefix: "of flags" },
  });
});

test("every kind of the schema has its row, in the order in which they count", () => {
  const fields = Object.keys(backendSchema.properties).filter((name) => name !== "storageSecretName");
  expect(backendNames()).toEqual(fields);
});

test("no other file of the programs tells kinds apart that have nothing of their own", () => {
  const root = resolve(import.meta.dirname, "../../..");
  const naming = ["agent", "reconciler", "webhook", "shared", "cli"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
    )
    .filter((path) => path.endsWith(".ts"))
    .filter((path) => /["'.]azure\b|\bazure[:,?]|["']swift["']|\.swift\b/.test(readFileSync(join(root, path), "utf8")));
  expect(naming.toSorted()).toEqual(["shared/api/backend.ts", "shared/backends.ts"]);
});
