/** What a command is, as data. Parser, help, completion and docs/cli.md are all made of it, so that they can't differ. */
import type { Terminal } from "../terminal/interface.ts";
import type { ExitCode } from "./exit-code.ts";
import type { FlagValues } from "./flag-values.ts";

/** What a word stands for; completion asks the cluster for it. */
export const Completes = {
  Invoker: "invoker",
  Session: "session",
  Restore: "restore",
  Repository: "repository",
  Verifier: "verifier",
  /** A session or a restore, as TYPE/NAME. */
  Run: "run",
  Namespace: "namespace",
  Context: "context",
  File: "file",
} as const;
export type Completes = (typeof Completes)[keyof typeof Completes];

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly isOptional?: boolean;
  readonly isMany?: boolean;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
}

export interface FlagSpec {
  /** As commander reads it: `-f, --filename <file>`. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** Of a flag written as `--dry-run [mode]`: its value where it stands alone. The next word is never its own. */
  readonly alone?: string;
  /** May be given more than once. */
  readonly isMany?: boolean;
  readonly completes?: Completes;
  /** Understood, but not told: another name of something else. */
  readonly isHidden?: boolean;
}

export interface Example {
  /** What follows the program's name. */
  readonly line: string;
  readonly does: string;
}

/** How far a command looks. Decides which of the common flags it has. */
export const Scope = {
  /** No cluster is asked. */
  None: "none",
  /** The cluster, and no namespace in particular. */
  Cluster: "cluster",
  /** One namespace: -n. */
  Namespace: "namespace",
  /** One or all: -n and -A. */
  Namespaces: "namespaces",
} as const;
export type Scope = (typeof Scope)[keyof typeof Scope];

export const Format = { Table: "table", Wide: "wide", Json: "json", Yaml: "yaml", Name: "name" } as const;
export type Format = (typeof Format)[keyof typeof Format];

export const ALL_FORMATS: readonly Format[] = Object.values(Format);
export const TEXT_OR_DATA: readonly Format[] = [Format.Table, Format.Json, Format.Yaml];

export const CommandGroup = {
  See: "See what is saved",
  Do: "Back up and restore",
  Repository: "Work on repositories",
  Look: "Look into backups",
  Check: "Check and explain",
  Program: "The program itself",
} as const;
export type CommandGroup = (typeof CommandGroup)[keyof typeof CommandGroup];

/** What a command gets to run with. */
export interface Input {
  /** What is neither flag nor value, in order. */
  readonly words: readonly string[];
  readonly flags: FlagValues;
  readonly format: Format;
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How people call the program: `kubectl stash`. */
  readonly programName: string;
  readonly leavesBehind: LeavesBehind;
  readonly atStake: AtStake;
}

/**
 * Tells what Ctrl-C leaves going on, until the next call.
 *
 * @param tidy takes away what it can before the program ends; a second Ctrl-C does not wait for it
 */
export type LeavesBehind = (text: string | undefined, tidy?: () => Promise<void>) => void;

/**
 * Tells what Ctrl-C would leave open, beside what it leaves going on.
 *
 * @returns what is called when it is known
 */
export type AtStake = (text: string) => () => void;

export type RunCommand = (input: Input) => Promise<ExitCode>;

export interface CommandSpec {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly group: CommandGroup;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What more there is to say; lines of at most 120 characters. */
  readonly details?: string;
  readonly args?: readonly ArgumentSpec[];
  readonly flags?: readonly FlagSpec[];
  readonly scope: Scope;
  /** Where -n does not choose among the user's namespaces: what it is for, and what holds without it. */
  readonly namespaceSummary?: string;
  /** Formats of -o; none: the command has no -o. */
  readonly formats: readonly Format[];
  readonly examples: readonly Example[];
  /** Answers other programs; people are not told of it. */
  readonly isHidden?: boolean;
  /** Flags among its words are words like others. */
  readonly takesAnything?: boolean;
  /** The part that does the work: loaded when it is asked for. */
  readonly load: () => Promise<RunCommand>;
}
