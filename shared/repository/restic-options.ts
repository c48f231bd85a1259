/**
 * What is wrong with `target.args`: options that say where the data goes, whose it is or what of it is meant, which the product says itself. With
 * one of them a status would speak of something else than what restic did. Pure.
 */
import { SnapshotTag } from "../contract.ts";
import { assertNever, UserError } from "../errors.ts";
import { type OptionsOf, type ReadFault, type ReadOption, readArguments } from "./restic-flags.ts";

/** Why one of restic's own is none that may be there. */
interface Refused {
  /** Long name first, then the short one. */
  readonly names: readonly string[];
  readonly of: readonly OptionsOf[];
  readonly why: string;
  readonly next: string;
}

const BOTH: readonly OptionsOf[] = ["backup", "restore"];

const REFUSED: readonly Refused[] = [
  {
    names: ["help", "h"],
    of: BOTH,
    why: "restic would tell what it can, and do nothing",
    next: "Leave it out.",
  },
  {
    names: ["cacert", "insecure-tls", "tls-client-cert"],
    of: BOTH,
    why: "the Repository says whom to trust",
    next: "Set CA_CERT_DATA in the Repository's Secret, or its backend's insecureTLS.",
  },
  {
    names: ["dry-run", "n"],
    of: ["backup"],
    why: "nothing would be saved",
    next: "Leave it out.",
  },
  {
    names: ["skip-if-unchanged"],
    of: ["backup"],
    why: "a session without a snapshot of its own is no recovery point",
    next: "Leave it out: what did not change takes no space.",
  },
  {
    names: ["repo", "r", "repository-file", "from-repo", "from-repository-file"],
    of: BOTH,
    why: "the Repository says where the data is",
    next: "Name another Repository.",
  },
  {
    names: ["password-file", "p", "password-command", "key-hint", "insecure-no-password"],
    of: BOTH,
    why: "the Repository's Secret has the password",
    next: "Correct RESTIC_PASSWORD in that Secret.",
  },
  {
    names: ["dry-run", "n"],
    of: ["restore"],
    why: "nothing would come back, and the restore would be called Succeeded",
    next: "Set spec.dryRun, which shows what would come back.",
  },
  {
    names: ["target", "t"],
    of: ["restore"],
    why: "files go back to the places that they came from",
    next: "Restore into another claim, mounted at the same path.",
  },
  {
    names: ["delete"],
    of: ["restore"],
    why: "it deletes what is not in the snapshot, outside of the restored paths too",
    next: "Empty the folder by a preRestore hook.",
  },
  {
    names: ["host", "hostname", "H"],
    of: ["backup"],
    why: "snapshots are found by their host",
    next: "Set target.alias, which is part of the host's name.",
  },
  {
    names: ["time"],
    of: ["backup"],
    why: "recovery points and retention go by the time of a snapshot",
    next: "Leave it out.",
  },
  {
    names: ["no-lock"],
    of: ["backup"],
    why: "a prune of another could take what is being saved",
    next: "Leave it out.",
  },
  {
    names: ["stdin", "stdin-filename", "stdin-from-command", "files-from", "files-from-raw", "files-from-verbatim"],
    of: ["backup"],
    why: "target.paths says what is saved",
    next: "Write the paths into target.paths.",
  },
];

const OWN_TAGS: readonly string[] = Object.values(SnapshotTag);

/** What is wrong with arguments, for the message. */
export interface ArgumentFault {
  /** Position of the argument. */
  readonly index: number;
  readonly message: string;
  readonly next: string;
}

/** The first argument that may not be there. */
export function findArgumentFault(args: readonly string[], of: OptionsOf): ArgumentFault | undefined {
  const { options, fault } = readArguments(args, of);
  for (const option of options) {
    const found = faultOf(option, of);
    if (found !== undefined) return { index: option.index, ...found };
  }
  return fault === undefined ? undefined : { index: fault.index, ...describe(fault, of) };
}

/** @throws UserError INVALID_OBJECT when an argument may not be there */
export function requireArguments(args: readonly string[], of: OptionsOf): void {
  const fault = findArgumentFault(args, of);
  if (fault === undefined) return;
  throw new UserError("INVALID_OBJECT", `target.args[${fault.index}]: ${fault.message}`, { next: fault.next });
}

type Fault = Omit<ArgumentFault, "index">;

function describe({ kind, arg, name, text }: ReadFault, of: OptionsOf): Fault {
  const refused = REFUSED.find((one) => one.of.includes(of) && one.names.includes(name));
  if (kind === "unknown" && refused !== undefined) {
    return { message: `${text} can't be set: ${refused.why}`, next: refused.next };
  }
  switch (kind) {
    case "no-value":
      return { message: `${text} lacks its value`, next: "Write the value behind = or as the next argument." };
    case "no-boolean":
      return { message: `${shown(arg)} is neither true nor false`, next: `Write ${text} alone, or ${text}=false.` };
    case "no-number":
      return { message: `${shown(arg)} has no number`, next: `Write ${text} alone, or ${text}=2.` };
    case "unknown":
    case "none":
      return {
        message: `${shown(arg)} is no option of restic ${of} that may be there`,
        next: "Write options alone by their full names, each with its value; docs/sessions.md lists those that may be there.",
      };
    default:
      return assertNever(kind);
  }
}

function faultOf(option: ReadOption, of: OptionsOf): Fault | undefined {
  if (option.name === "option") return extendedFault(option);
  if (option.name === "overwrite") return overwriteFault(option);
  if (of === "backup" && option.name === "tag") return tagFault(option);
  return undefined;
}

/** What Go takes for white space, which is not all that JavaScript does. */
const GO_SPACE = "[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const IS_GO_SPACE = new RegExp(`^${GO_SPACE}$`);

/** Go's strings.TrimSpace. A pattern for the end would look again from each blank in the middle. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && IS_GO_SPACE.test(text.charAt(from))) from += 1;
  while (to > from && IS_GO_SPACE.test(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function tagFault({ value }: ReadOption): Fault | undefined {
  const own = value.split(",").find((tag) => OWN_TAGS.some((prefix) => trimmed(tag).startsWith(prefix)));
  if (own === undefined) return undefined;
  return {
    message: `the tag ${shown(own)} can't be set: tags that begin so say what made a snapshot`,
    next: "Take another name for the tag.",
  };
}

/** Names of what `-o` may not have: a program that stands between restic and the store. */
const TRANSPORT = /^(sftp\.(command|args)|rclone\.(program|args))$/;
/** Those that change how a store is reached, and not which one or as whom. */
const EXTENDED =
  /^(\w+\.connections|s3\.(storage-class|retries|region|bucket-lookup|list-objects-v1|enable-restore|restore-(days|timeout|tier))|azure\.access-tier|rclone\.timeout)$/;

/** restic reads the value as a line of CSV, and no matter how its names are written. */
function extendedFault({ text, value }: ReadOption): Fault | undefined {
  const next = "Write it as NAME=VALUE without quotes; what else the store needs belongs into the Repository.";
  if (/["\r\n]/.test(value)) return { message: `${text} ${shown(value)} has a quote or a line's end`, next };
  for (const field of value.split(",")) {
    const name = trimmed(field.split("=")[0] ?? "").toLowerCase();
    if (TRANSPORT.test(name)) {
      return {
        message: `${text} ${shown(value)} can't be set: it says by which program the store is reached, and so where the data goes`,
        next: "Name a Repository whose backend is reached without it.",
      };
    }
    if (!EXTENDED.test(name))
      return { message: `${text} ${shown(value)} can't be set: ${shown(name)} is not known`, next };
  }
  return undefined;
}

function overwriteFault({ text, value }: ReadOption): Fault | undefined {
  if (value === "always" || value === "if-changed") return undefined;
  return {
    message: `${text} ${shown(value)} can't be set: what is there would stay, and be called restored`,
    next: "Take always or if-changed.",
  };
}

const MAX_SHOWN = 100;

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}
