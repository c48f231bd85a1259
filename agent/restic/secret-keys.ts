/** The keys of a backend Secret: which ones count for which backend, and which it needs. Pure. */
import { UserError } from "../../shared/errors.ts";
import { FILE_KEYS, isGiven, PASSWORD_KEY, secretProblems } from "./secret-values.ts";

interface NamedValues {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

export const PROVIDERS = ["local", "s3", "gcs", "azure", "swift", "b2", "rest"] as const;
export type Provider = (typeof PROVIDERS)[number];

/**
 * Keys of the Secret that become environment variables of restic. Upstream knows the first part; the second one makes
 * short-lived credentials, other kinds of keys, proxies and restic's own tuning possible.
 */
export const ENVIRONMENT_KEYS: Readonly<Record<Provider | "any", readonly string[]>> = {
  any: [
    "RESTIC_COMPRESSION",
    "RESTIC_PACK_SIZE",
    "RESTIC_READ_CONCURRENCY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
  ],
  local: [],
  s3: [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
  ],
  gcs: ["GOOGLE_PROJECT_ID", "GOOGLE_ACCESS_TOKEN"],
  azure: ["AZURE_ACCOUNT_NAME", "AZURE_ACCOUNT_KEY", "AZURE_ACCOUNT_SAS", "AZURE_ENDPOINT_SUFFIX"],
  swift: [
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
  b2: ["B2_ACCOUNT_ID", "B2_ACCOUNT_KEY"],
  rest: [],
};

const REQUIRED_KEYS: Readonly<Partial<Record<Provider, readonly string[]>>> = {
  b2: ["B2_ACCOUNT_ID", "B2_ACCOUNT_KEY"],
};

/** Where one is there, the other has to be. */
const PAIRS: Readonly<Partial<Record<Provider, readonly (readonly [string, string])[]>>> = {
  s3: [["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]],
  swift: [["ST_USER", "ST_KEY"]],
};

/** What Swift takes in place of a user's password. */
const SWIFT_PROOFS = ["OS_PASSWORD", "OS_APPLICATION_CREDENTIAL_SECRET", "OS_AUTH_TOKEN"];

function missingProof({ values }: NamedValues, provider: Provider): readonly string[] {
  const isUser = provider === "swift" && ["OS_USERNAME", "OS_USER_ID"].some((key) => isGiven(values, key));
  return isUser && !SWIFT_PROOFS.some((key) => isGiven(values, key)) ? ["OS_PASSWORD"] : [];
}

const REST_KEYS = ["REST_SERVER_USERNAME", "REST_SERVER_PASSWORD"];

function missingKeys(secret: NamedValues, provider: Provider): readonly string[] {
  const { values } = secret;
  const halves = (PAIRS[provider] ?? []).flatMap((pair) => (pair.some((key) => isGiven(values, key)) ? pair : []));
  const wanted = [PASSWORD_KEY, ...(REQUIRED_KEYS[provider] ?? []), ...halves, ...missingProof(secret, provider)];
  return wanted.filter((key) => !isGiven(values, key));
}

/**
 * Looks whether a Secret can serve a backend at all, before restic is asked.
 *
 * @throws UserError SECRET_INVALID naming each key that is missing, or whose value can't be right
 */
export function requireKeys(secret: NamedValues, provider: Provider): void {
  const missing = missingKeys(secret, provider);
  if (missing.length > 0) {
    throw new UserError("SECRET_INVALID", `Secret ${secret.name} lacks ${missing.join(", ")}`, {
      next: `Add ${missing.join(", ")} to Secret ${secret.name}.`,
    });
  }
  const own = provider === "rest" ? REST_KEYS : provider === "gcs" ? [FILE_KEYS.gcsKey] : [];
  const counting = [
    PASSWORD_KEY,
    FILE_KEYS.ca,
    FILE_KEYS.clientCertificate,
    ...own,
    ...ENVIRONMENT_KEYS[provider],
    ...ENVIRONMENT_KEYS.any,
  ];
  const problems = secretProblems(secret.values, counting);
  if (problems.length > 0) {
    throw new UserError("SECRET_INVALID", `Secret ${secret.name}: ${problems.join("; ")}`, {
      next: `Correct ${problems.map((problem) => problem.split(" ")[0]).join(", ")} of Secret ${secret.name}; \`printf %s\` and \`echo -n\` write no line break.`,
    });
  }
}
