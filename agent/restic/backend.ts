/** From a Repository's backend and its Secret to what restic needs: address, environment, flags. Pure. */
import { join } from "node:path";
import type { Backend } from "../../shared/api/backend.ts";
import { UserError } from "../../shared/errors.ts";
import { ENVIRONMENT_KEYS, PROVIDERS, type Provider, requireKeys } from "./secret-keys.ts";
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
  readonly provider: Provider;
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

const { ca: CA, clientCertificate: CLIENT_CERTIFICATE, gcsKey: GCS_KEY } = FILE_KEYS;
/** Values shorter than this are left alone when messages are cleaned: they would blot out ordinary words. */
const MIN_SECRET_LENGTH = 4;

/** The backend that counts when several are set. @throws UserError BACKEND_INVALID when none is */
export function providerOf(backend: Backend): Provider {
  const provider = PROVIDERS.find((candidate) => backend[candidate] !== undefined);
  if (provider === undefined) throw new UserError("BACKEND_INVALID", "the Repository names no backend");
  return provider;
}

/** `a//b/` and `/a/b` become `a/b`. */
function cleanPath(...parts: readonly string[]): string {
  return parts
    .join("/")
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

function restAddress(url: string, secret: SecretView): string {
  const user = secret.values.get("REST_SERVER_USERNAME");
  const password = secret.values.get("REST_SERVER_PASSWORD");
  let address: URL;
  try {
    address = new URL(url);
  } catch (cause) {
    throw new UserError("BACKEND_INVALID", `rest.url ${JSON.stringify(url)} is no URL`, { cause });
  }
  if (user === undefined || user === "") return `rest:${url}`;
  const credentials = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent).join(":");
  return `rest:${address.protocol}//${credentials}@${address.host}${address.pathname}${address.search}`;
}

function repositoryAddress(backend: Backend, secret: SecretView): string {
  const { local, s3, gcs, azure, swift, b2, rest } = backend;
  if (local !== undefined) return local.mountPath;
  if (s3 !== undefined) {
    return `s3:${s3.endpoint.replace(/\/+$/, "")}/${cleanPath(s3.bucket, s3.prefix ?? "")}`;
  }
  // Leading slashes go in every kind of store; upstream drops them for S3 alone, restic for all.
  if (gcs !== undefined) return `gs:${gcs.bucket}:/${cleanPath(gcs.prefix ?? "")}`;
  if (azure !== undefined) return `azure:${azure.container}:/${cleanPath(azure.prefix ?? "")}`;
  if (swift !== undefined) return `swift:${swift.container}:/${cleanPath(swift.prefix ?? "")}`;
  if (b2 !== undefined) return `b2:${b2.bucket}:/${cleanPath(b2.prefix ?? "")}`;
  return restAddress(rest?.url ?? "", secret);
}

function connectionFlags(backend: Backend, provider: Provider): string[] {
  const connections =
    provider === "gcs"
      ? backend.gcs?.maxConnections
      : provider === "azure"
        ? backend.azure?.maxConnections
        : provider === "b2"
          ? backend.b2?.maxConnections
          : undefined;
  if (connections === undefined || connections <= 0) return [];
  return ["--option", `${provider === "gcs" ? "gs" : provider}.connections=${connections}`];
}

/**
 * Address, credentials and common flags of a repository.
 *
 * @throws UserError BACKEND_INVALID or SECRET_INVALID naming what is missing
 */
export function buildRepositoryAccess(backend: Backend, secret: SecretView): RepositoryAccess {
  const provider = providerOf(backend);
  requireKeys(secret, provider);
  const env: Record<string, string> = {
    RESTIC_REPOSITORY: repositoryAddress(backend, secret),
    RESTIC_PASSWORD: secret.values.get(PASSWORD_KEY) ?? "",
  };
  for (const key of [...ENVIRONMENT_KEYS[provider], ...ENVIRONMENT_KEYS.any]) {
    const value = secret.values.get(key);
    if (value !== undefined) env[key] = valueFor(key, value);
  }
  const flags = connectionFlags(backend, provider);
  if (secret.values.has(CA)) flags.push("--cacert", join(secret.folder, CA));
  if (secret.values.has(CLIENT_CERTIFICATE)) flags.push("--tls-client-cert", join(secret.folder, CLIENT_CERTIFICATE));
  if (provider === "s3") {
    if (backend.s3?.region) env["AWS_DEFAULT_REGION"] = backend.s3.region;
    if (backend.s3?.insecureTLS === true) flags.push("--insecure-tls");
  }
  if (provider === "gcs" && secret.values.has(GCS_KEY)) {
    env["GOOGLE_APPLICATION_CREDENTIALS"] = join(secret.folder, GCS_KEY);
  }
  return {
    provider,
    env,
    flags,
    localFolder: backend.local?.mountPath,
    warnings: secretWarnings(secret.name, secret.values),
    secrets: [...secret.values.entries()]
      .filter(([key, value]) => key !== CA && value.length >= MIN_SECRET_LENGTH)
      .flatMap(([, value]) => [value, encodeURIComponent(value)]),
  };
}
