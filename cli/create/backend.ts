/** A backend from upstream's flags. Pure. */
import { type Backend, parseResolvedRepository } from "../../shared/api/backend.ts";
import { BACKENDS, type BackendTable, backendNames } from "../../shared/backends.ts";
import { UserError } from "../../shared/errors.ts";
import type { FlagSpec } from "../program/command.ts";
import type { FlagValues } from "../program/flag-values.ts";
import { UsageError } from "../program/usage-error.ts";
import { readCount } from "./read-count.ts";

/** Stores that flags can tell. */
function providersOf(table: BackendTable) {
  return backendNames(table).filter((name) => table[name].fromFlags !== undefined);
}

const PROVIDERS = providersOf(BACKENDS);
const LIMITED = PROVIDERS.filter((name) => BACKENDS[name].connectionsOption !== undefined);

export const BACKEND_FLAGS: readonly FlagSpec[] = [
  {
    flags: "--provider <name>",
    summary: `${PROVIDERS.slice(0, -1).join(", ")} or ${PROVIDERS.at(-1)}`,
    choices: PROVIDERS,
  },
  { flags: "--bucket <name>", summary: "bucket, or container" },
  { flags: "--endpoint <url>", summary: "s3, rest: address of the store" },
  { flags: "--region <name>", summary: "s3: region of the bucket" },
  { flags: "--prefix <path>", summary: "folder in the bucket, or below the address of rest" },
  { flags: "--max-connections <n>", summary: `${LIMITED.join(", ")}: connections at a time` },
  { flags: "--secret <name>", summary: "Secret with password and credentials" },
];

/** @throws UsageError naming what lacks */
export function buildBackend(flags: FlagValues, table: BackendTable = BACKENDS): Backend {
  const provider = flags.text("provider");
  if (provider === undefined) throw new UsageError("which store?", "name it with --provider");
  const secret = flags.text("secret");
  if (secret === undefined) throw new UsageError("which Secret has the password?", "name it with --secret");
  const known = providersOf(table);
  const name = known.find((candidate) => candidate === provider);
  if (name === undefined) throw new UsageError(`--provider ${provider} is none of ${known.join(", ")}`);
  const given = {
    bucket: flags.text("bucket"),
    endpoint: flags.text("endpoint"),
    prefix: flags.text("prefix"),
    region: flags.text("region"),
    maxConnections: readCount(flags, "max-connections"),
  };
  try {
    const { backend } = parseResolvedRepository({
      backend: { storageSecretName: secret, [name]: table[name].fromFlags?.(given) },
    });
    if (backend !== undefined) return backend;
  } catch (thrown) {
    if (thrown instanceof UserError) throw new UsageError(thrown.message, thrown.next);
    throw thrown;
  }
  throw new UsageError("the flags name no store");
}
