/** The drill's own server of a database, as its addon speaks to it. */
import { join } from "node:path";
import type { OrderedMember } from "../../../shared/api/verification.ts";
import { isDatabaseName } from "../../../shared/databases.ts";
import { UserError } from "../../../shared/errors.ts";
import { appType } from "../../../shared/target/app-binding.ts";
import { ADDONS } from "../../dump/addons/registry.ts";
import type { Addon } from "../../dump/addons/types.ts";
import type { Database } from "../../dump/database.ts";
import { gatherSecret } from "../../restic/secret.ts";
import type { VerifySettings } from "../member-facts.ts";
import type { Questions } from "./questions.ts";

/** It was ready when the dump was loaded. */
const WAIT_MS = 120_000;
const PASSWORD_KEY = "password";

export interface DrillDatabase extends Database {
  readonly questions: Questions;
  createRows: Addon["createRows"];
}

/** @throws UserError when it is of no kind that we know, or its Secret is missing */
export function openDrillDatabase(member: OrderedMember, settings: VerifySettings): DrillDatabase {
  const { resource } = appType(member.appType);
  const { database } = member;
  if (!isDatabaseName(resource) || database === undefined) {
    throw new UserError("TARGET_INVALID", `nobody can look into a database of type ${member.appType ?? "unknown"}`, {
      next: "Prove this member by a Script that knows its type.",
    });
  }
  const password = gatherSecret(database.secret, settings.secretsRoot).values.get(PASSWORD_KEY);
  if (!password) throw new UserError("SECRET_INVALID", `Secret ${database.secret} has no ${PASSWORD_KEY}`);
  const addon = ADDONS[resource];
  const folder = join(settings.scratch, `database-${member.alias}`);
  const { host, port, user } = database;
  const path = database.database === undefined ? undefined : `/${database.database}`;
  const address = { scheme: undefined, host, port, path, query: new Map<string, string>() };
  const plan = addon.plan({
    address,
    username: user,
    password,
    tls: { ca: undefined, certificate: undefined, isInsecure: false },
    folder,
    params: { args: "" },
  });
  return {
    plan,
    questions: addon.questions(plan),
    createRows: addon.createRows,
    username: user,
    address,
    folder,
    waitTimeoutMs: WAIT_MS,
    secrets: [password],
    readProbe: addon.readProbe,
  };
}
