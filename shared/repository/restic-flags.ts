/**
 * Which options of restic `target.args` may have, and how restic reads a list of arguments: as Go's pflag does. No option is known by a part of its
 * name; a switch takes a value behind `=` alone; short ones may stand in one argument. Pure.
 */

export type OptionsOf = "backup" | "restore";

/** `count` is a switch that may come several times, or have a number. */
type Kind = "switch" | "count" | "value";

interface Flag {
  readonly kind: Kind;
  readonly short?: string;
}

const SWITCH: Flag = { kind: "switch" };
const VALUE: Flag = { kind: "value" };

/** What changes how restic works, and not what a status says of its work. */
const OF_BOTH: Readonly<Record<string, Flag>> = {
  "cache-dir": VALUE,
  "cleanup-cache": SWITCH,
  compression: VALUE,
  "http-user-agent": VALUE,
  json: SWITCH,
  "limit-download": VALUE,
  "limit-upload": VALUE,
  "no-cache": SWITCH,
  "no-extra-verify": SWITCH,
  option: { kind: "value", short: "o" },
  "pack-size": VALUE,
  quiet: { kind: "switch", short: "q" },
  "retry-lock": VALUE,
  "stuck-request-timeout": VALUE,
  verbose: { kind: "count", short: "v" },
};

const EXCLUDES: Readonly<Record<string, Flag>> = {
  exclude: { kind: "value", short: "e" },
  "exclude-file": VALUE,
  iexclude: VALUE,
  "iexclude-file": VALUE,
};

/** By restic 0.14 to 0.19; which of them there are depends on its version. */
const FLAGS: Readonly<Record<OptionsOf, Readonly<Record<string, Flag>>>> = {
  backup: {
    ...OF_BOTH,
    ...EXCLUDES,
    "exclude-caches": SWITCH,
    "exclude-if-present": VALUE,
    "exclude-larger-than": VALUE,
    force: { kind: "switch", short: "f" },
    "group-by": { kind: "value", short: "g" },
    "ignore-ctime": SWITCH,
    "ignore-inode": SWITCH,
    "no-scan": SWITCH,
    "one-file-system": { kind: "switch", short: "x" },
    parent: VALUE,
    "read-concurrency": VALUE,
    tag: VALUE,
    "with-atime": SWITCH,
  },
  restore: {
    ...OF_BOTH,
    ...EXCLUDES,
    "exclude-xattr": VALUE,
    host: { kind: "value", short: "H" },
    iinclude: VALUE,
    "iinclude-file": VALUE,
    include: { kind: "value", short: "i" },
    "include-file": VALUE,
    "include-xattr": VALUE,
    "no-lock": SWITCH,
    overwrite: VALUE,
    "ownership-by-name": SWITCH,
    path: VALUE,
    sparse: SWITCH,
    tag: VALUE,
    verify: SWITCH,
  },
};

/** An option as it was read. */
export interface ReadOption {
  /** Position of its argument. */
  readonly index: number;
  /** Its long name. */
  readonly name: string;
  /** As it was written. */
  readonly text: string;
  /** `true` of a switch without one. */
  readonly value: string;
}

/** Why reading ended before the end. */
export interface ReadFault {
  readonly index: number;
  /** The whole argument. */
  readonly arg: string;
  /** `unknown` ones have a name. */
  readonly kind: "none" | "unknown" | "no-value" | "no-boolean" | "no-number";
  readonly name: string;
  readonly text: string;
}

export interface ReadArguments {
  readonly options: readonly ReadOption[];
  readonly fault: ReadFault | undefined;
}

/** Go's strconv.ParseBool. @returns undefined where it fails */
function parseSwitch(value: string): boolean | undefined {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(value)) return true;
  return ["0", "f", "F", "false", "FALSE", "False"].includes(value) ? false : undefined;
}

const NUMBER = /^[+-]?\d+$/;

/** Short options in one argument: each is looked up by itself, and a text may hold thousands. */
const MOST_SHORT = 32;

/** Reads arguments up to the first that may not be there. */
export function readArguments(args: readonly string[], of: OptionsOf): ReadArguments {
  const flags = FLAGS[of];
  const options: ReadOption[] = [];
  let index = 0;
  /** @returns how many arguments it took, or what is wrong */
  function readOne(name: string, text: string, given: string | undefined): 1 | 2 | ReadFault["kind"] {
    const kind = Object.hasOwn(flags, name) ? flags[name]?.kind : undefined;
    if (kind === undefined) return "unknown";
    const following = args[index + 1];
    if (kind === "value" && given === undefined) {
      if (following === undefined) return "no-value";
      options.push({ index, name, text, value: following });
      return 2;
    }
    const value = given ?? "true";
    if (kind === "switch" && parseSwitch(value) === undefined) return "no-boolean";
    if (kind === "count" && given !== undefined && !NUMBER.test(given)) return "no-number";
    options.push({ index, name, text, value });
    return 1;
  }
  while (index < args.length) {
    const arg = args[index] ?? "";
    let taken: 1 | 2 | ReadFault["kind"] = 1;
    let name = "";
    let text = arg;
    if (!arg.startsWith("-") || arg === "-" || arg === "--") taken = "none";
    else if (arg.startsWith("--")) {
      const equals = arg.indexOf("=");
      name = arg.slice(2, equals < 0 ? undefined : equals);
      text = `--${name}`;
      taken = readOne(name, text, equals < 0 ? undefined : arg.slice(equals + 1));
    } else {
      for (let at = 1; at < arg.length && taken === 1; at += 1) {
        if (at > MOST_SHORT) {
          taken = "none";
          break;
        }
        const short = arg.charAt(at);
        const rest = arg.slice(at + 1);
        name = longOf(short, of);
        text = `-${short}`;
        const takesRest = (rest.startsWith("=") && rest.length > 1) || (rest !== "" && flags[name]?.kind === "value");
        taken = readOne(name, text, takesRest ? rest.replace(/^=(?=.)/s, "") : undefined);
        if (takesRest) break;
      }
    }
    if (typeof taken === "string") return { options, fault: { index, arg, kind: taken, name, text } };
    index += taken;
  }
  return { options, fault: undefined };
}

function longOf(short: string, of: OptionsOf): string {
  return Object.entries(FLAGS[of]).find(([, flag]) => flag.short === short)?.[0] ?? short;
}

/** Whether a switch is on in the end: of several the last counts. */
export function isSwitchedOn(args: readonly string[], of: OptionsOf, name: string): boolean {
  const last = readArguments(args, of).options.findLast((option) => option.name === name);
  return last !== undefined && parseSwitch(last.value) === true;
}
