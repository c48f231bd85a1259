/** What stands in for a registry: a table from image names to what a container of that image is on this machine. */
import { parseRecord } from "./api/kinds.ts";

export interface ImageBind {
  readonly host: string;
  readonly path: string;
  readonly readOnly?: boolean;
}

export interface ImageEntry {
  /** Entry point, used when the container gives no command. */
  readonly command?: readonly string[];
  /** Folder that is the root file system (default `/`); it has at least sh, perl and util-linux. */
  readonly root?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files and folders of this machine that are part of the image. */
  readonly binds?: readonly ImageBind[];
  /** User of containers whose spec gives none; default 0. */
  readonly user?: number;
}

export interface ImageTable {
  readonly [image: string]: ImageEntry;
}

/** Reads a table from JSON. @throws Error naming the image whose entry has the wrong shape */
export function parseImageTable(value: unknown): ImageTable {
  return Object.fromEntries(
    Object.entries(parseRecord(value)).map(([image, entry]) => [image, parseEntry(image, entry)]),
  );
}

function parseEntry(image: string, value: unknown): ImageEntry {
  const { command, root, env, binds, user, ...unknown } = parseRecord(value);
  const fail = (field: string): never => {
    throw new Error(`image ${image}: ${field} has the wrong shape`);
  };
  const extra = Object.keys(unknown)[0];
  if (extra !== undefined) fail(extra);
  return {
    ...(command === undefined ? {} : { command: parseStrings(command) ?? fail("command") }),
    ...(root === undefined ? {} : { root: typeof root === "string" ? root : fail("root") }),
    ...(env === undefined ? {} : { env: parseEnv(env) ?? fail("env") }),
    ...(binds === undefined ? {} : { binds: Array.isArray(binds) ? binds.map(parseBind) : fail("binds") }),
    ...(user === undefined ? {} : { user: typeof user === "number" ? user : fail("user") }),
  };
}

function parseStrings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

function parseEnv(value: unknown): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(parseRecord(value)).flatMap(([name, text]) =>
    typeof text === "string" ? [[name, text] as const] : [],
  );
  return entries.length === Object.keys(parseRecord(value)).length ? Object.fromEntries(entries) : undefined;
}

function parseBind(value: unknown): ImageBind {
  const { host, path, readOnly } = parseRecord(value);
  if (typeof host !== "string" || typeof path !== "string") throw new Error("a bind needs host and path");
  return { host, path, readOnly: readOnly === true };
}
