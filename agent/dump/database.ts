/** From an AppBinding and its Secrets to the programs that dump and load its database. */
import { join } from "node:path";
import type { AppBindingOrder } from "../../shared/api/host-run.ts";
import { Path } from "../../shared/contract.ts";
import { DATABASES, type DatabaseName } from "../../shared/databases.ts";
import { UserError } from "../../shared/errors.ts";
import { type AppAddress, appAddress, applySecretTransforms } from "../../shared/target/app-binding.ts";
import { type Flags, flagText } from "../flags.ts";
import { gatherSecret } from "../restic/secret.ts";
import type { AgentSettings } from "../settings.ts";
import { ADDONS } from "./addons/registry.ts";
import type { DumpPlan, DumpRequest, ProbeAnswer } from "./plan.ts";

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

const DEFAULT_WAIT_SECONDS = 300;

function firstOf(data: ReadonlyMap<string, string>, keys: readonly string[]): string | undefined {
  return keys.map((key) => data.get(key)).find((value) => value !== undefined && value !== "");
}

function gatherCredentials(
  order: AppBindingOrder,
  root: string,
): { readonly data: ReadonlyMap<string, string>; readonly tls: ReadonlyMap<string, string> } {
  const { secret, tlsSecret, secretTransforms = [] } = order;
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
 * Reads the Secrets of the application.
 *
 * @param order the application, as the host run names it
 * @throws UserError when there is none, or one of the Secrets is missing or can't be used
 */
export function gatherDatabase(
  kind: DatabaseName,
  order: AppBindingOrder | undefined,
  settings: AgentSettings,
): Database {
  const { flags, target } = settings;
  const addon = ADDONS[kind];
  if (order === undefined) {
    throw new UserError("NOT_FOUND", `AppBinding ${target.namespace}/${target.name} does not exist`);
  }
  const root = flagText(flags, "app-secrets-dir") ?? Path.AppSecrets;
  const { data, tls } = gatherCredentials(order, root);
  const { caBundle, insecureSkipTLSVerify = false } = order.clientConfig;
  const certificate = certificateOf(tls);
  const password = firstOf(data, addon.passwordKeys);
  const named = certificate === undefined ? undefined : flagText(flags, "user");
  const username = named ?? firstOf(data, addon.userKeys) ?? addon.defaultUser;
  const folder = join(settings.scratch, "database");
  const address = appAddress({ metadata: order, spec: order });
  return {
    plan: addon.plan({
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
        args: flags.get(DATABASES[kind].parameters.backup[0].flag) ?? flags.get("args") ?? "",
        multiDumpArgs: flagText(flags, "multi-dump-args"),
        backupCommand: flagText(flags, "backup-cmd"),
      },
    }),
    username,
    address,
    folder,
    waitTimeoutMs: waitTimeoutMs(flags),
    secrets: password === undefined ? [] : [password],
    readProbe: addon.readProbe,
  };
}

function waitTimeoutMs(flags: Flags): number {
  const seconds = Number(flagText(flags, "wait-timeout") ?? DEFAULT_WAIT_SECONDS);
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new UserError("INVALID_OBJECT", `waitTimeout: ${flagText(flags, "wait-timeout")} is no number of seconds`);
  }
  return seconds * 1_000;
}
