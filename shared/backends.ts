/**
 * The kinds of stores that a repository can lie in: one row each, with all that the programs and the CLI need to know of it. The fields
 * of its spec stand in `shared/api/backend.ts`; nothing else names a kind. Pure.
 */
import type { Backend } from "./api/backend.ts";
import { UserError } from "./errors.ts";

/** Values of a backend Secret by their key. */
export type SecretValues = ReadonlyMap<string, string>;

/** A store as its spec tells it. */
export interface Store {
  /** Bucket, container, host or folder. */
  readonly bucket: string;
  /** Folder in the bucket; "" without one. */
  readonly prefix: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly insecureTls?: boolean | undefined;
  readonly maxConnections?: number | undefined;
}

/** What the flags of `kubectl stash create repository` tell of a store. */
export interface StoreFlags {
  readonly bucket: string | undefined;
  readonly endpoint: string | undefined;
  readonly prefix: string | undefined;
  readonly region: string | undefined;
  readonly maxConnections: number | undefined;
}

export interface BackendKind<Spec> {
  readonly store: (spec: Spec) => Store;
  /** restic's address of the repository, with the credentials that restic takes nowhere else. @throws UserError BACKEND_INVALID */
  readonly address: (spec: Spec, secret: SecretValues) => string;
  /** Bucket and prefix in metrics, where they are others than the store's. */
  readonly shownPlace?: (spec: Spec) => { readonly bucket?: string | undefined; readonly prefix?: string | undefined };
  /** Keys of the Secret that become environment variables of restic. */
  readonly variables: readonly string[];
  /** Keys of the Secret that are part of the address. */
  readonly addressKeys?: readonly string[];
  /** Keys of the Secret whose value is a file, and the variable that holds its path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Keys that the Secret must have. */
  readonly required?: readonly string[];
  /** Where one is there, the other has to be. */
  readonly pairs?: readonly (readonly [string, string])[];
  /** Where one of `of` is there, one of `proofs` has to be; the first is asked for. */
  readonly identities?: { readonly of: readonly string[]; readonly proofs: readonly [string, ...string[]] };
  /** What the spec adds to restic's environment and flags. */
  readonly extras?: (spec: Spec) => {
    readonly env?: Readonly<Record<string, string>>;
    readonly flags?: readonly string[];
  };
  /** Name of restic's option that limits connections, `NAME.connections`. */
  readonly connectionsOption?: string;
  /** Where its data and credentials are besides the address: at other addresses of a cloud, or at whatever its catalogue names. */
  readonly reaches?: "cloud" | "anything";
  /** Why the data can't be wiped with its Repository, as upstream says. */
  readonly isUnwipeable?: true;
  /** The spec, from flags; missing where a store can't be told by them. @throws UserError naming what lacks */
  readonly fromFlags?: (flags: StoreFlags) => Spec;
}

export type BackendName = Exclude<keyof Backend, "storageSecretName">;

/** In the order in which they count when several are set. */
export type BackendTable = { readonly [Name in BackendName]: BackendKind<NonNullable<Backend[Name]>> };

/** `a//b/` and `/a/b` become `a/b`: leading slashes go in every kind of store; upstream drops them for S3 alone, restic for all. */
function cleanPath(...parts: readonly (string | undefined)[]): string {
  return parts
    .join("/")
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

function bucketOf({ bucket }: StoreFlags): string {
  if (bucket === undefined) throw new UserError("BACKEND_INVALID", "which bucket?", { next: "name it with --bucket" });
  return bucket;
}

const prefixOf = ({ prefix }: StoreFlags) => (prefix === undefined ? {} : { prefix });
const limitsOf = (flags: StoreFlags) => ({
  ...prefixOf(flags),
  ...(flags.maxConnections === undefined ? {} : { maxConnections: flags.maxConnections }),
});

export const BACKENDS: BackendTable = {
  local: {
    store: ({ mountPath }) => ({ bucket: mountPath, prefix: "" }),
    address: ({ mountPath }) => mountPath,
    shownPlace: ({ mountPath, subPath }) => ({ bucket: mountPath, prefix: subPath }),
    variables: [],
    isUnwipeable: true,
  },
  s3: {
    reaches: "cloud",
    store: ({ bucket, prefix = "", endpoint, region = "", insecureTLS = false }) => {
      return { bucket, prefix, endpoint, region, insecureTls: insecureTLS };
    },
    address: ({ endpoint, bucket, prefix }) => `s3:${endpoint.replace(/\/+$/, "")}/${cleanPath(bucket, prefix)}`,
    // Those of upstream; then short-lived credentials and roles.
    variables: [
      "AWS_ACCESS_KEY_ID",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
      "AWS_DEFAULT_REGION",
      "AWS_PROFILE",
      "AWS_ROLE_ARN",
      "AWS_WEB_IDENTITY_TOKEN_FILE",
    ],
    pairs: [["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]],
    extras: ({ region, insecureTLS }) => ({
      ...(region ? { env: { AWS_DEFAULT_REGION: region } } : {}),
      ...(insecureTLS === true ? { flags: ["--insecure-tls"] } : {}),
    }),
    fromFlags: (flags) => ({
      endpoint: flags.endpoint ?? "s3.amazonaws.com",
      bucket: bucketOf(flags),
      ...prefixOf(flags),
      ...(flags.region === undefined ? {} : { region: flags.region }),
    }),
  },
  gcs: {
    reaches: "cloud",
    store: ({ bucket, prefix = "", maxConnections }) => ({ bucket, prefix, maxConnections }),
    address: ({ bucket, prefix }) => `gs:${bucket}:/${cleanPath(prefix)}`,
    variables: ["GOOGLE_PROJECT_ID", "GOOGLE_ACCESS_TOKEN"],
    files: { GOOGLE_SERVICE_ACCOUNT_JSON_KEY: "GOOGLE_APPLICATION_CREDENTIALS" },
    connectionsOption: "gs",
    fromFlags: (flags) => ({ bucket: bucketOf(flags), ...limitsOf(flags) }),
  },
  azure: {
    reaches: "cloud",
    store: ({ container, prefix = "", maxConnections }) => ({ bucket: container, prefix, maxConnections }),
    address: ({ container, prefix }) => `azure:${container}:/${cleanPath(prefix)}`,
    variables: ["AZURE_ACCOUNT_NAME", "AZURE_ACCOUNT_KEY", "AZURE_ACCOUNT_SAS", "AZURE_ENDPOINT_SUFFIX"],
    connectionsOption: "azure",
    fromFlags: (flags) => ({ container: bucketOf(flags), ...limitsOf(flags) }),
  },
  swift: {
    reaches: "anything",
    store: ({ container, prefix = "" }) => ({ bucket: container, prefix }),
    address: ({ container, prefix }) => `swift:${container}:/${cleanPath(prefix)}`,
    variables: [
      "ST_AUTH",
      "ST_USER",
      "ST_KEY",
      "OS_AUTH_URL",
      "OS_REGION_NAME",
      "OS_USERNAME",
      "OS_USER_ID",
      "OS_PASSWORD",
      "OS_TENANT_ID",
      "OS_TENANT_NAME",
      "OS_USER_DOMAIN_NAME",
      "OS_USER_DOMAIN_ID",
      "OS_PROJECT_NAME",
      "OS_PROJECT_DOMAIN_NAME",
      "OS_PROJECT_DOMAIN_ID",
      "OS_TRUST_ID",
      "OS_APPLICATION_CREDENTIAL_ID",
      "OS_APPLICATION_CREDENTIAL_SECRET",
      "OS_APPLICATION_CREDENTIAL_NAME",
      "OS_STORAGE_URL",
      "OS_AUTH_TOKEN",
    ],
    pairs: [["ST_USER", "ST_KEY"]],
    identities: {
      of: ["OS_USERNAME", "OS_USER_ID"],
      proofs: ["OS_PASSWORD", "OS_APPLICATION_CREDENTIAL_SECRET", "OS_AUTH_TOKEN"],
    },
    fromFlags: (flags) => ({ container: bucketOf(flags), ...prefixOf(flags) }),
  },
  b2: {
    reaches: "cloud",
    store: ({ bucket, prefix = "", maxConnections }) => ({ bucket, prefix, maxConnections }),
    address: ({ bucket, prefix }) => `b2:${bucket}:/${cleanPath(prefix)}`,
    variables: ["B2_ACCOUNT_ID", "B2_ACCOUNT_KEY"],
    required: ["B2_ACCOUNT_ID", "B2_ACCOUNT_KEY"],
    connectionsOption: "b2",
    isUnwipeable: true,
    fromFlags: (flags) => ({ bucket: bucketOf(flags), ...limitsOf(flags) }),
  },
  rest: {
    store: ({ url }) => {
      const [, host = "", path = ""] = /^[a-z]+:\/\/(?:[^/@]*@)?([^/]*)(.*)$/i.exec(url ?? "") ?? [];
      return { bucket: host, prefix: path, endpoint: url };
    },
    address: ({ url = "" }, secret) => restAddress(url, secret),
    shownPlace: () => ({}),
    variables: [],
    addressKeys: ["REST_SERVER_USERNAME", "REST_SERVER_PASSWORD"],
    fromFlags({ endpoint, prefix }) {
      if (endpoint === undefined) {
        throw new UserError("BACKEND_INVALID", "which server?", { next: "name it with --endpoint" });
      }
      return { url: prefix === undefined ? endpoint : withFolder(endpoint, prefix) };
    },
  },
};

function restAddress(url: string, secret: SecretValues): string {
  const user = secret.get("REST_SERVER_USERNAME");
  const password = secret.get("REST_SERVER_PASSWORD");
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

/** A REST server's address ends with a slash. */
function withFolder(url: string, folder: string): string {
  return `${url.replace(/\/+$/, "")}/${folder.replace(/^\/+|\/+$/g, "")}/`;
}

/** Keys of a Secret that become environment variables whatever the store: proxies and restic's own tuning. */
export const COMMON_VARIABLES: readonly string[] = [
  "RESTIC_COMPRESSION",
  "RESTIC_PACK_SIZE",
  "RESTIC_READ_CONCURRENCY",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/** The store of a Repository, with its kind's row bound to its spec. */
export interface UsedBackend {
  readonly name: string;
  readonly kind: Omit<BackendKind<never>, "fromFlags">;
  readonly store: Store;
  readonly shownPlace: { readonly bucket?: string | undefined; readonly prefix?: string | undefined };
  readonly extras: { readonly env?: Readonly<Record<string, string>>; readonly flags?: readonly string[] };
  /** @throws UserError BACKEND_INVALID */
  address(secret: SecretValues): string;
}

function isBackendName(name: string, table: BackendTable): name is BackendName {
  return Object.hasOwn(table, name);
}

/** Names of all kinds, in their order. */
export function backendNames(table: BackendTable = BACKENDS): readonly BackendName[] {
  return Object.keys(table).filter((name) => isBackendName(name, table));
}

/** The store that counts when several are set; undefined where none is. */
export function usedBackend(backend: Backend, table: BackendTable = BACKENDS): UsedBackend | undefined {
  for (const name of backendNames(table)) {
    const used = bind(name, backend, table);
    if (used !== undefined) return used;
  }
  return undefined;
}

function bind<Name extends BackendName>(name: Name, backend: Backend, table: BackendTable): UsedBackend | undefined {
  const spec = backend[name];
  if (spec === undefined) return undefined;
  const kind: BackendKind<NonNullable<Backend[Name]>> = table[name];
  const store = kind.store(spec);
  return {
    name,
    kind,
    store,
    shownPlace: kind.shownPlace?.(spec) ?? store,
    extras: kind.extras?.(spec) ?? {},
    address: (secret) => kind.address(spec, secret),
  };
}

/**
 * Tells whether two Repositories may lie in one folder of one store, however their addresses are written: the same for all that do,
 * and seldom for others (two stores may have a bucket of one name).
 *
 * @returns undefined without a store
 */
export function placeOf(backend: Backend | undefined): string | undefined {
  const used = backend && usedBackend(backend);
  if (used === undefined) return undefined;
  if (backend?.local === undefined) return [used.name, used.store.bucket, cleanPath(used.store.prefix)].join(" ");
  const { mountPath: _mountPath, subPath, hostPath, ...volume } = backend.local;
  if (hostPath !== undefined) return `local ${cleanPath(hostPath.path, subPath)}`;
  return `local ${JSON.stringify(volume)} ${cleanPath(subPath)}`;
}
