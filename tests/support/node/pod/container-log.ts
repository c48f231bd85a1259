/**
 * The output of one run of a container: a file in the form that container runtimes write, one line each of
 * `time stream F|P text`, where P marks a text that no newline ended.
 */
import { EventEmitter } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";

export interface LogLine {
  readonly time: string;
  readonly text: Buffer;
  readonly endsLine: boolean;
}

export interface LogQuery {
  readonly tailLines?: number;
  /** Only lines at or after this time. */
  readonly since?: Date;
  readonly timestamps: boolean;
  readonly limitBytes?: number;
}

const NEWLINE = 10;

export class ContainerLog {
  readonly #path: string;
  readonly #file: number;
  readonly #rest = new Map<string, Buffer>();
  readonly #events = new EventEmitter();
  #isOpen = true;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a", 0o640);
    this.#events.setMaxListeners(0);
  }

  append(stream: "stdout" | "stderr", chunk: Buffer): void {
    let rest = Buffer.concat([this.#rest.get(stream) ?? Buffer.alloc(0), chunk]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#write(stream, "F", rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    this.#rest.set(stream, rest);
  }

  close(): void {
    if (!this.#isOpen) return;
    for (const [stream, rest] of this.#rest) if (rest.length > 0) this.#write(stream, "P", rest);
    this.#isOpen = false;
    closeSync(this.#file);
    this.#events.emit("close");
  }

  /**
   * Gives what is there and what comes, until the container ends.
   *
   * @returns ends the following
   */
  follow(query: LogQuery, onText: (text: Buffer) => void, onEnd: () => void): () => void {
    // Nothing is written between the reading and the listening: both happen in one turn of the event loop.
    onText(readLog(this.#path, query));
    if (!this.#isOpen) {
      onEnd();
      return () => undefined;
    }
    const onLine = (line: LogLine): void => onText(formatLine(line, query.timestamps));
    this.#events.on("line", onLine);
    this.#events.on("close", onEnd);
    return () => {
      this.#events.off("line", onLine);
      this.#events.off("close", onEnd);
    };
  }

  #write(stream: string, tag: "F" | "P", text: Buffer): void {
    if (!this.#isOpen) return;
    const time = new Date().toISOString();
    writeSync(this.#file, Buffer.concat([Buffer.from(`${time} ${stream} ${tag} `), text, Buffer.from("\n")]));
    this.#events.emit("line", { time, text, endsLine: tag === "F" } satisfies LogLine);
  }
}

/** The text of a log file; empty when there is none. */
export function readLog(path: string, query: LogQuery): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0);
  const content = readFileSync(path);
  let lines: LogLine[] = [];
  for (let start = 0, end = content.indexOf(NEWLINE); end >= 0; end = content.indexOf(NEWLINE, start)) {
    lines.push(parseLine(content.subarray(start, end)));
    start = end + 1;
  }
  const { since, tailLines } = query;
  if (since !== undefined) lines = lines.filter((line) => Date.parse(line.time) >= since.getTime());
  if (tailLines !== undefined) lines = tailLines === 0 ? [] : lines.slice(-tailLines);
  const text = Buffer.concat(lines.map((line) => formatLine(line, query.timestamps)));
  return query.limitBytes === undefined ? text : text.subarray(0, query.limitBytes);
}

function parseLine(line: Buffer): LogLine {
  const [time = "", , tag] = line.subarray(0, 64).toString("latin1").split(" ");
  const header = line.subarray(0, 64).toString("latin1").split(" ").slice(0, 3).join(" ").length + 1;
  return { time, text: line.subarray(header), endsLine: tag === "F" };
}

function formatLine(line: LogLine, timestamps: boolean): Buffer {
  const time = timestamps ? [Buffer.from(`${line.time} `)] : [];
  return Buffer.concat([...time, line.text, ...(line.endsLine ? [Buffer.from("\n")] : [])]);
}
