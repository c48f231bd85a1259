/** From an AppBinding and its Secrets to the programs that dump and load its database. */
import { join } from "node:path";
import { type AppAddress, appAddress, applySecretTransforms } from "../../shared/app-binding.ts";
import { Path } from "../../shared/contract.ts";
import type { DumpPlan, DumpRequest, ProbeAnswer } from "../../shared/dump/dump-plan.ts";
import { planMysql, readMysqlProbe } from "../../shared/dump/mysql.ts";
import { planPostgres, readPostgresProbe } from "../../shared/dump/postgres.ts";
import { UserError } from "../../shared/errors.ts";
import { type Flags, flagText } from "../flags.ts";
import type { AgentApi } from "../kube/api.ts";
import { createBackoff } from "../kube/backoff.ts";
import { type AgentAppBinding, parseAgentAppBinding } from "../parse/app-binding.ts";
import { gatherSecret } from "../restic/secret.ts";
import type { AgentSettings } from "../settings.ts";

export type DatabaseKind = "mysql" | "mariadb" | "postgres";

/** A database that is ready to be spoken to by its own programs. */
export interface Database {
  readonly plan: DumpPlan;
  readonly username: string;
  readonly address: AppAddress;
  /** Folder that `plan.files` belong in. */
  readonly folder: string;
  readonly waitTimeoutMs: number;
  /** Texts that no message may show. */
  readonly secrets: readonly string[];
  readProbe(exitCode: number | undefined, words: string): ProbeAnswer;
}

interface DatabaseWords {
  /** Flag of the user's arguments, as upstream's Functions name it. */
  readonly argsFlag: string;
  readonly userKeys: readonly string[];
  readonly passwordKeys: readonly string[];
  readonly defaultUser: string;
  plan(request: DumpRequest): DumpPlan;
  readProbe(exitCode: number | undefined, words: string): ProbeAnswer;
}

const MYSQL_KEYS = { userKeys: ["username"], passwordKeys: ["password"], defaultUser: "root" } as const;

const WORDS: Readonly<Record<DatabaseKind, DatabaseWords>> = {
  mysql: {
    argsFlag: "mysql-args",
    ...MYSQL_KEYS,
    plan: (request) => planMysql("mysql", request),
    readProbe: readMysqlProbe,
  },
  mariadb: {
    argsFlag: "mariadb-args",
    ...MYSQL_KEYS,
    plan: (request) => planMysql("mariadb", request),
    readProbe: readMysqlProbe,
  },
  postgres: {
    argsFlag: "pg-args",
    userKeys: ["username", "POSTGRES_USER"],
    passwordKeys: ["password", "POSTGRES_PASSWORD"],
    defaultUser: "postgres",
    plan: planPostgres,
    readProbe: readPostgresProbe,
  },
};

const DEFAULT_WAIT_SECONDS = 300;

function bindingName(flags: Flags, settings: AgentSettings): { readonly namespace: string; readonly name: string } {
  return {
    namespace: flagText(flags, "appbinding-namespace") ?? settings.target.namespace,
    name: flagText(flags, "appbinding") ?? settings.target.name,
  };
}

/** @throws UserError NOT_FOUND when there is no such AppBinding, API_FORBIDDEN, or API_UNAVAILABLE after a stop */
export async function readAppBinding(
  api: AgentApi,
  id: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<AgentAppBinding> {
  const backoff = createBackoff({ firstMs: 200, maxMs: 10_000 });
  while (!signal.aborted) {
    const answer = await api.get({ kind: "AppBinding", ...id }, signal);
    if (answer.kind === "ok") return parseAgentAppBinding(answer.object);
    if (answer.kind === "gone") {
      throw new UserError("NOT_FOUND", `AppBinding ${id.namespace}/${id.name} does not exist`);
    }
    if (answer.kind === "failed" && answer.error.code === "API_FORBIDDEN") throw answer.error;
    await backoff.wait(signal);
  }
  throw new UserError("API_UNAVAILABLE", `AppBinding ${id.namespace}/${id.name} was not read`);
}

function firstOf(data: ReadonlyMap<string, string>, keys: readonly string[]): string | undefined {
  return keys.map((key) => data.get(key)).find((value) => value !== undefined && value !== "");
}

function gatherCredentials(
  binding: AgentAppBinding,
  root: string,
): { readonly data: ReadonlyMap<string, string>; readonly tls: ReadonlyMap<string, string> } {
  const { secret, tlsSecret, secretTransforms = [] } = binding.spec;
  const secretOf = (name: string) => gatherSecret(name, root).values;
  return {
    data: applySecretTransforms(secret === undefined ? new Map() : secretOf(secret.name), secretTransforms, secretOf),
    tls: tlsSecret === undefined ? new Map() : secretOf(tlsSecret.name),
  };
}

function certificateOf(tls: ReadonlyMap<string, string>): DumpRequest["tls"]["certificate"] {
  const certificate = tls.get("tls.crt");
  const key = tls.get("tls.key");
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/**
 * Reads the AppBinding and its Secrets.
 *
 * @throws UserError when one of them is missing or can't be used
 */
export async function gatherDatabase(
  kind: DatabaseKind,
  ports: { readonly settings: AgentSettings; readonly api: AgentApi; readonly signal: AbortSignal },
): Promise<Database> {
  const { settings } = ports;
  const { flags } = settings;
  const words = WORDS[kind];
  const binding = await readAppBinding(ports.api, bindingName(flags, settings), ports.signal);
  const root = flagText(flags, "app-secrets-dir") ?? Path.AppSecrets;
  const { data, tls } = gatherCredentials(binding, root);
  const { caBundle, insecureSkipTLSVerify = false } = binding.spec.clientConfig;
  const certificate = certificateOf(tls);
  const password = firstOf(data, words.passwordKeys);
  const named = certificate === undefined ? undefined : flagText(flags, "user");
  const username = named ?? firstOf(data, words.userKeys) ?? words.defaultUser;
  const folder = join(settings.scratch, "database");
  const address = appAddress(binding);
  return {
    plan: words.plan({
      address,
      username,
      password,
      tls: {
        ca: caBundle === undefined ? undefined : Buffer.from(caBundle, "base64").toString("utf8"),
        certificate,
        isInsecure: insecureSkipTLSVerify,
      },
      folder,
      params: {
        args: flags.get(words.argsFlag) ?? flags.get("args") ?? "",
        multiDumpArgs: flagText(flags, "multi-dump-args"),
        backupCommand: flagText(flags, "backup-cmd"),
      },
    }),
    username,
    address,
    folder,
    waitTimeoutMs: waitTimeoutMs(flags),
    secrets: password === undefined ? [] : [password],
    readProbe: words.readProbe,
  };
}

function waitTimeoutMs(flags: Flags): number {
  const seconds = Number(flagText(flags, "wait-timeout") ?? DEFAULT_WAIT_SECONDS);
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new UserError("INVALID_OBJECT", `waitTimeout: ${flagText(flags, "wait-timeout")} is no number of seconds`);
  }
  return seconds * 1_000;
}
