/** A backend from upstream's flags. Pure. */
import { type Backend, parseResolvedRepository } from "../../shared/api/backend.ts";
import { UserError } from "../../shared/errors.ts";
import type { FlagSpec } from "../program/command.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";
import { readCount } from "./read-count.ts";

export const BACKEND_FLAGS: readonly FlagSpec[] = [
  {
    flags: "--provider <name>",
    summary: "s3, gcs, azure, swift, b2 or rest",
    choices: ["s3", "gcs", "azure", "swift", "b2", "rest"],
  },
  { flags: "--bucket <name>", summary: "bucket, or container" },
  { flags: "--endpoint <url>", summary: "s3, rest: address of the store" },
  { flags: "--region <name>", summary: "s3: region of the bucket" },
  { flags: "--prefix <path>", summary: "folder in the bucket, or below the address of rest" },
  { flags: "--max-connections <n>", summary: "gcs, azure, b2: connections at a time" },
  { flags: "--secret <name>", summary: "Secret with password and credentials" },
];

/** @throws UsageError naming what lacks */
export function buildBackend(flags: FlagValues): Backend {
  const provider = flags.text("provider");
  if (provider === undefined) throw new UsageError("which store?", "name it with --provider");
  const [bucket, endpoint, prefix] = [flags.text("bucket"), flags.text("endpoint"), flags.text("prefix")];
  const secret = flags.text("secret");
  if (secret === undefined) throw new UsageError("which Secret has the password?", "name it with --secret");
  const connections = readCount(flags, "max-connections");
  const common = { ...(prefix !== undefined && { prefix }) };
  const limited = { ...common, ...(connections !== undefined && { maxConnections: connections }) };
  const region = flags.text("region");
  const stores: Readonly<Record<string, () => object>> = {
    s3: () => ({
      endpoint: endpoint ?? "s3.amazonaws.com",
      bucket,
      ...common,
      ...(region !== undefined && { region }),
    }),
    gcs: () => ({ bucket, ...limited }),
    azure: () => ({ container: bucket, ...limited }),
    swift: () => ({ container: bucket, ...common }),
    b2: () => ({ bucket, ...limited }),
    rest: () => ({ url: prefix === undefined ? endpoint : withFolder(endpoint ?? "", prefix) }),
  };
  const store = stores[provider];
  if (store === undefined) throw new UsageError(`--provider ${provider} is none of ${Object.keys(stores).join(", ")}`);
  if (provider !== "rest" && bucket === undefined) throw new UsageError("which bucket?", "name it with --bucket");
  if (provider === "rest" && endpoint === undefined) throw new UsageError("which server?", "name it with --endpoint");
  try {
    const { backend } = parseResolvedRepository({ backend: { storageSecretName: secret, [provider]: store() } });
    if (backend !== undefined) return backend;
  } catch (thrown) {
    if (thrown instanceof UserError) throw new UsageError(thrown.message);
    throw thrown;
  }
  throw new UsageError("the flags name no store");
}

/** A REST server's address ends with a slash. */
function withFolder(url: string, folder: string): string {
  return `${url.replace(/\/+$/, "")}/${folder.replace(/^\/+|\/+$/g, "")}/`;
}
