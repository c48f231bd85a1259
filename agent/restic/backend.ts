/** From a Repository's backend and its Secret to what restic needs: address, environment, flags. Pure. */
import { join } from "node:path";
import type { Backend } from "../../shared/api/backend.ts";
import { type BackendTable, type UsedBackend, usedBackend } from "../../shared/backends.ts";
import { UserError } from "../../shared/errors.ts";
import { requireKeys, variablesOf } from "./secret-keys.ts";
import { FILE_KEYS, PASSWORD_KEY, secretWarnings, valueFor } from "./secret-values.ts";

/** A backend Secret as it is mounted: one file a key. */
export interface SecretView {
  readonly name: string;
  /** Folder of the files. */
  readonly folder: string;
  readonly values: ReadonlyMap<string, string>;
}

/** How restic reaches a repository. Secrets are in `env` alone, never in `flags`. */
export interface RepositoryAccess {
  /** Name of the kind of backend, such as `s3`. */
  readonly provider: string;
  readonly env: Readonly<Record<string, string>>;
  /** Flags that each command takes. */
  readonly flags: readonly string[];
  /** Folder of a local repository, else undefined. */
  readonly localFolder: string | undefined;
  /** What is odd about the Secret, for people. */
  readonly warnings?: readonly string[];
  /** Texts that no log line or status may show. */
  readonly secrets: readonly string[];
}

const { ca: CA, clientCertificate: CLIENT_CERTIFICATE } = FILE_KEYS;
/** Values shorter than this are left alone when messages are cleaned: they would blot out ordinary words. */
const MIN_SECRET_LENGTH = 4;

function connectionFlags({ kind, store }: UsedBackend): readonly string[] {
  const { maxConnections = 0 } = store;
  if (kind.connectionsOption === undefined || maxConnections <= 0) return [];
  return ["--option", `${kind.connectionsOption}.connections=${maxConnections}`];
}

/**
 * Address, credentials and common flags of a repository.
 *
 * @throws UserError BACKEND_INVALID or SECRET_INVALID naming what is missing
 */
export function buildRepositoryAccess(backend: Backend, secret: SecretView, table?: BackendTable): RepositoryAccess {
  const used = usedBackend(backend, table);
  if (used === undefined) throw new UserError("BACKEND_INVALID", "the Repository names no backend");
  requireKeys(secret, used);
  const env: Record<string, string> = {
    RESTIC_REPOSITORY: used.address(secret.values),
    RESTIC_PASSWORD: secret.values.get(PASSWORD_KEY) ?? "",
  };
  for (const key of variablesOf(used)) {
    const value = secret.values.get(key);
    if (value !== undefined) env[key] = valueFor(key, value);
  }
  Object.assign(env, used.extras.env);
  for (const [key, variable] of Object.entries(used.kind.files ?? {})) {
    if (secret.values.has(key)) env[variable] = join(secret.folder, key);
  }
  const flags = [...connectionFlags(used)];
  if (secret.values.has(CA)) flags.push("--cacert", join(secret.folder, CA));
  if (secret.values.has(CLIENT_CERTIFICATE)) flags.push("--tls-client-cert", join(secret.folder, CLIENT_CERTIFICATE));
  flags.push(...(used.extras.flags ?? []));
  return {
    provider: used.name,
    env,
    flags,
    localFolder: backend.local?.mountPath,
    warnings: secretWarnings(secret.name, secret.values),
    secrets: [...secret.values.entries()]
      .filter(([key, value]) => key !== CA && value.length >= MIN_SECRET_LENGTH)
      .flatMap(([, value]) => [value, encodeURIComponent(value)]),
  };
}
