import { constants } from "node:os";

/**
 * What the owner of a control plane and its supervisor process say to each other over their IPC channel: requests with
 * a number, one answer for each, and a notice whenever a child process ends.
 */

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Stdout and stderr of the program are appended here. */
  readonly logPath: string;
}

/** Something that is run when all processes have ended, whatever ended them. */
export interface LastCommand {
  readonly program: string;
  readonly args: readonly string[];
}

export type Request =
  | { readonly kind: "start"; readonly id: number; readonly name: string; readonly command: Command }
  | { readonly kind: "kill"; readonly id: number; readonly name: string; readonly signal: NodeJS.Signals }
  | { readonly kind: "atEnd"; readonly id: number; readonly command: LastCommand }
  | { readonly kind: "finish"; readonly id: number };

export type Notice =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly error: string | undefined }
  | { readonly kind: "started"; readonly name: string; readonly pid: number }
  | { readonly kind: "ended"; readonly name: string; readonly how: string };

/**
 * Reads a message of the supervisor.
 *
 * @throws Error when it is none of the notices
 */
export function parseNotice(message: unknown): Notice {
  if (typeof message === "object" && message !== null && "kind" in message) {
    if (message.kind === "ready") return { kind: "ready" };
    if (message.kind === "answer" && "id" in message && typeof message.id === "number") {
      const error = "error" in message && typeof message.error === "string" ? message.error : undefined;
      return { kind: "answer", id: message.id, error };
    }
    if (message.kind === "started" && "name" in message && "pid" in message) {
      return { kind: "started", name: String(message.name), pid: Number(message.pid) };
    }
    if (message.kind === "ended" && "name" in message && "how" in message) {
      return { kind: "ended", name: String(message.name), how: String(message.how) };
    }
  }
  throw new Error(`the supervisor sent something unknown: ${JSON.stringify(message)}`);
}

/**
 * Reads a message of the owner.
 *
 * @throws Error when it is none of the requests
 */
export function parseRequest(message: unknown): Request {
  if (typeof message === "object" && message !== null && "kind" in message && "id" in message) {
    const { id } = message;
    if (typeof id === "number") {
      if (message.kind === "finish") return { kind: "finish", id };
      if (message.kind === "atEnd" && "command" in message) {
        return { kind: "atEnd", id, command: parseLastCommand(message.command) };
      }
      if ("name" in message && typeof message.name === "string") {
        const { name } = message;
        if (message.kind === "kill" && "signal" in message && isSignal(message.signal)) {
          return { kind: "kill", id, name, signal: message.signal };
        }
        if (message.kind === "start" && "command" in message) {
          return { kind: "start", id, name, command: parseCommand(message.command) };
        }
      }
    }
  }
  throw new Error(`the owner sent something unknown: ${JSON.stringify(message)}`);
}

function parseCommand(value: unknown): Command {
  const { program, args } = parseLastCommand(value);
  if (typeof value === "object" && value !== null && "logPath" in value && typeof value.logPath === "string") {
    return { program, args, logPath: value.logPath };
  }
  throw new Error(`a command without a log: ${JSON.stringify(value)}`);
}

function parseLastCommand(value: unknown): LastCommand {
  if (typeof value === "object" && value !== null && "program" in value && "args" in value) {
    const { program, args } = value;
    if (typeof program === "string" && Array.isArray(args)) return { program, args: args.map(String) };
  }
  throw new Error(`not a command: ${JSON.stringify(value)}`);
}

function isSignal(value: unknown): value is NodeJS.Signals {
  return typeof value === "string" && value in constants.signals;
}
