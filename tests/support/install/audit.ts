/** What a control plane's API server was asked, from its audit log: what it refused for lack of rights, and what was no read. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseJson, textAt, valueAt } from "../../../shared/json/value.ts";

/** Every request when it has been answered, without bodies. */
const POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted, Panic]
rules:
`;
/** The one whose requests to the shared clusters are written down. */
export const AUDITED_USER = "audited";
const EVERYBODY = "  - level: Metadata\n";
const READS: readonly unknown[] = ["get", "list", "watch"];

/** 401: the API server does not know who asks; 403: it knows, and refuses. */
const REFUSALS = [401, 403];

export interface Audit {
  readonly flags: readonly string[];
  readonly logPath: string;
  /** Requests of ServiceAccounts whose name matches that were refused, one line each: who, verb, path. */
  refused(user: RegExp): Promise<readonly string[]>;
  /** Number of requests of ServiceAccounts whose name matches. */
  count(user: RegExp): Promise<number>;
}

/**
 * @param dir folder that exists, for the policy and the log
 * @param users whose requests are written down; everybody's by default
 */
export async function prepareAudit(dir: string, users?: readonly string[]): Promise<Audit> {
  const policyPath = join(dir, "audit-policy.yaml");
  const logPath = join(dir, "audit.log");
  const some =
    users === undefined ? EVERYBODY : `  - {level: Metadata, users: ${JSON.stringify(users)}}\n  - level: None\n`;
  await writeFile(policyPath, POLICY + some);
  const read = (user: RegExp) => readAuditLog(logPath, user);
  return {
    logPath,
    flags: [`--audit-policy-file=${policyPath}`, `--audit-log-path=${logPath}`],
    refused: async (user) => [...new Set((await read(user)).filter(isRefused).map(formatEvent))],
    count: async (user) => (await read(user)).length,
  };
}

/** Requests of users whose name matches. */
async function readAuditLog(logPath: string, user: RegExp): Promise<readonly unknown[]> {
  const lines = (await readFile(logPath, "utf8")).split("\n").filter(Boolean);
  return lines.map((line) => parseJson(line)).filter((event) => user.test(textAt(event, "user", "username") ?? ""));
}

/** What a user asked for, in order: one line each, verb and path. */
export interface AskedFor {
  readonly reads: readonly string[];
  /** Also what the API server was asked to try, and commands in containers. */
  readonly others: readonly string[];
}

export async function readAskedFor(logPath: string, user: string): Promise<AskedFor> {
  const events = await readAuditLog(logPath, new RegExp(`^${user}$`));
  const isRead = (event: unknown) =>
    READS.includes(textAt(event, "verb")) && textAt(event, "objectRef", "subresource") !== "exec";
  const format = (event: unknown) => `${textAt(event, "verb")} ${textAt(event, "requestURI")}`;
  return {
    reads: events.filter(isRead).map(format),
    others: events.filter((event) => !isRead(event)).map(format),
  };
}

function isRefused(event: unknown): boolean {
  return REFUSALS.includes(Number(valueAt(event, "responseStatus", "code")));
}

function formatEvent(event: unknown): string {
  return `${textAt(event, "user", "username")} ${textAt(event, "verb")} ${textAt(event, "requestURI")}`;
}
