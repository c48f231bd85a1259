/**
 * Which options of restic `target.args` may not have: those that say where the data goes, whose it is or what of it, which the
 * product says itself. With one of them a status would speak of something else than what restic did. Pure.
 *
 * All others are passed on as they are; which there are depends on restic's version.
 */
import { SnapshotTag } from "../contract.ts";
import { UserError } from "../errors.ts";

export type OptionsOf = "backup" | "restore";

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
    names: ["host", "H"],
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

/** Options without a value; what follows them is an argument of its own. */
const SWITCHES = new Set([
  ...["cleanup-cache", "delete", "dry-run", "exclude-caches", "force", "help", "ignore-ctime", "ignore-inode"],
  ...["insecure-no-password", "insecure-tls", "json", "no-cache", "no-extra-verify", "no-lock", "no-scan"],
  ...["one-file-system", "ownership-by-name", "quiet", "skip-if-unchanged", "sparse", "stdin", "stdin-from-command"],
  ...["use-fs-snapshot", "verify", "with-atime"],
]);
const SHORT_SWITCHES = new Set(["f", "h", "n", "q", "v", "x"]);
const OWN_TAGS: readonly string[] = Object.values(SnapshotTag);

interface Option {
  readonly name: string;
  /** As it was written. */
  readonly text: string;
  readonly value: string | undefined;
}

/** What is wrong with arguments, for the message. */
export interface ArgumentFault {
  /** Position of the argument. */
  readonly index: number;
  readonly message: string;
  readonly next: string;
}

/** The first argument that may not be there. */
export function findArgumentFault(args: readonly string[], of: OptionsOf): ArgumentFault | undefined {
  for (let index = 0; index < args.length; ) {
    const arg = args[index] ?? "";
    const options = readOptions(arg, args[index + 1]);
    if (options === undefined) {
      const next = "Write options alone, each with its value; a value with = or as the next argument.";
      return { index, message: `${shown(arg)} is no option of restic`, next };
    }
    for (const option of options.read) {
      const fault = faultOf(option, of);
      if (fault !== undefined) return { index, ...fault };
    }
    index += options.takesNext ? 2 : 1;
  }
  return undefined;
}

/** @throws UserError INVALID_OBJECT when an argument may not be there */
export function requireArguments(args: readonly string[], of: OptionsOf): void {
  const fault = findArgumentFault(args, of);
  if (fault === undefined) return;
  throw new UserError("INVALID_OBJECT", `target.args[${fault.index}]: ${fault.message}`, { next: fault.next });
}

interface ReadOptions {
  readonly read: readonly Option[];
  /** Whether the argument after it is its value. */
  readonly takesNext: boolean;
}

/** @returns undefined when the argument is none */
function readOptions(arg: string, following: string | undefined): ReadOptions | undefined {
  if (arg.startsWith("--")) return readLong(arg, following);
  return arg.startsWith("-") && arg.length > 1 ? readShort(arg, following) : undefined;
}

function readLong(arg: string, following: string | undefined): ReadOptions | undefined {
  const equals = arg.indexOf("=");
  const name = arg.slice(2, equals < 0 ? undefined : equals);
  if (name === "") return undefined;
  if (equals >= 0) return { read: [{ name, text: `--${name}`, value: arg.slice(equals + 1) }], takesNext: false };
  const takesNext = !SWITCHES.has(name) && name !== "verbose";
  return { read: [{ name, text: arg, value: takesNext ? following : undefined }], takesNext };
}

/** Several may stand in one argument, the last with its value: `-xe*.tmp`. */
function readShort(arg: string, following: string | undefined): ReadOptions {
  const read: Option[] = [];
  for (let at = 1; at < arg.length; at++) {
    const name = arg.charAt(at);
    const text = `-${name}`;
    if (SHORT_SWITCHES.has(name)) {
      read.push({ name, text, value: undefined });
      // A switch may be told to be on.
      if (arg.charAt(at + 1) === "=") break;
      continue;
    }
    const rest = arg.slice(at + 1);
    if (rest === "") return { read: [...read, { name, text, value: following }], takesNext: true };
    read.push({ name, text, value: rest.replace(/^=/, "") });
    break;
  }
  return { read, takesNext: false };
}

/** Names of what `-o` may not have: a program that stands between restic and the store. */
const TRANSPORT = /^(sftp\.(command|args)|rclone\.(program|args))\b/i;

function faultOf({ name, text, value = "" }: Option, of: OptionsOf): Omit<ArgumentFault, "index"> | undefined {
  const refused = REFUSED.find((one) => one.of.includes(of) && one.names.includes(name));
  if (refused !== undefined) return { message: `${text} can't be set: ${refused.why}`, next: refused.next };
  if ((name === "o" || name === "option") && TRANSPORT.test(value.trim())) {
    return {
      message: `${text} ${shown(value)} can't be set: it says by which program the store is reached, and so where the data goes`,
      next: "Name a Repository whose backend is reached without it.",
    };
  }
  if (of !== "backup" || name !== "tag") return undefined;
  const own = value.split(",").find((tag) => OWN_TAGS.some((prefix) => tag.trim().startsWith(prefix)));
  if (own === undefined) return undefined;
  return {
    message: `the tag ${shown(own)} can't be set: tags that begin so say what made a snapshot`,
    next: "Take another name for the tag.",
  };
}

const MAX_SHOWN = 100;

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);
}
