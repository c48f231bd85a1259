/** What a database's dump and load come to: programs, their environment, and files that hold what no argument may hold. */
import type { AppAddress } from "../../shared/target/app-binding.ts";

/** A program with its arguments. No secret stands in either part. */
export interface ProgramCall {
  readonly argv: readonly string[];
  /** Added to the container's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** A file that its owner alone may read. */
export interface PrivateFile {
  readonly path: string;
  readonly text: string;
}

export interface DumpRequest {
  readonly address: AppAddress;
  readonly username: string;
  readonly password: string | undefined;
  readonly tls: DumpTls;
  /** Folder that the files are to be written to. */
  readonly folder: string;
  readonly params: DumpParams;
}

export interface DumpTls {
  /** PEM text of the CA that the AppBinding gives. */
  readonly ca: string | undefined;
  /** PEM texts of the client certificate and its key. */
  readonly certificate: { readonly certificate: string; readonly key: string } | undefined;
  /** The AppBinding accepts any certificate. */
  readonly isInsecure: boolean;
}

/** Parameters of a Task, as the user writes them. */
export interface DumpParams {
  readonly args: string;
  readonly multiDumpArgs?: string | undefined;
  readonly backupCommand?: string | undefined;
}

export interface DumpPlan {
  readonly files: readonly PrivateFile[];
  /** The client alone, to which arguments may be added. */
  readonly client: ProgramCall;
  /** Ends with 0 when the database accepts the credentials. */
  readonly probe: ProgramCall;
  /** Run one after another, into one stream. */
  readonly dumps: readonly ProgramCall[];
  /** What the dump does not bring back, one sentence each. */
  readonly leavesOut?: readonly string[];
  /** Asks the server what else the dump does not bring back. */
  readonly askLeftOut?: LeftOutQuestion;
  /** Reads the stream. */
  readonly load: ProgramCall;
  /** What is to be said of a load whose dump has such a line. */
  readonly loadRemarks?: readonly LoadRemark[];
  /** PostgreSQL: lists the roles that exist, one a line. */
  readonly listRoles?: ProgramCall;
  /** PostgreSQL: lists the server's version and the names of its settings, one a line. */
  readonly listSettings?: ProgramCall;
}

export interface LeftOutQuestion {
  readonly call: ProgramCall;
  /** @param lines of the answer. @returns one sentence each */
  read(lines: readonly string[]): readonly string[];
}

export interface LoadRemark {
  /** A whole line of the dump, without its line break. */
  readonly line: string;
  readonly remark: string;
}

/** What the probe's words mean. */
export type ProbeAnswer = "ready" | "refused" | "waiting";

/** Name of the dump in its snapshot. */
export const DUMP_FILE = "dumpfile.sql";

/** Whether a snapshot's paths are those of a dump, ours or upstream's. */
export function hasDumpFile(paths: readonly string[]): boolean {
  return paths.length === 1 && paths[0]?.replace(/^\/+/, "") === DUMP_FILE;
}
