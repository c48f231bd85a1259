/**
 * Reads one HTTP/1.1 response from the bytes of a connection. Made by hand because node's own client costs an idle agent
 * about 0.5 MiB, and the agent needs nothing but requests with `Connection: close` to one server.
 */
import { UserError } from "../../shared/errors.ts";

const MAX_HEAD_BYTES = 64 * 1024;
const HEAD_END = Buffer.from("\r\n\r\n");
const LINE_END = Buffer.from("\r\n");

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; a repeated header keeps its last value. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface ResponseSink {
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  /** The whole response is there. */
  onEnd(): void;
}

export interface ResponseReader {
  /** @throws UserError API_UNAVAILABLE when the bytes are no HTTP/1.1 response */
  feed(chunk: Buffer): void;
  /** The connection ended. @throws UserError API_UNAVAILABLE when the response is cut short */
  end(): void;
}

type State =
  | { readonly at: "head" }
  | { readonly at: "length"; left: number }
  | { readonly at: "chunk-size" }
  | { readonly at: "chunk"; left: number }
  | { readonly at: "trailer" }
  | { readonly at: "until-close" }
  | { readonly at: "done" };

function broken(what: string): UserError {
  return new UserError("API_UNAVAILABLE", `the API server's answer is broken: ${what}`);
}

function parseHead(raw: string): ResponseHead {
  const [statusLine = "", ...lines] = raw.split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw broken(`status line ${JSON.stringify(statusLine.slice(0, 80))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}

function bodyState(head: ResponseHead): State {
  if (head.status === 204 || head.status === 304) return { at: "done" };
  if (head.headers.get("transfer-encoding")?.toLowerCase().includes("chunked")) return { at: "chunk-size" };
  const length = head.headers.get("content-length");
  if (length === undefined) return { at: "until-close" };
  if (!/^\d+$/.test(length)) throw broken("content length");
  return length === "0" ? { at: "done" } : { at: "length", left: Number(length) };
}

export function createResponseReader(sink: ResponseSink): ResponseReader {
  let state: State = { at: "head" };
  let rest: Buffer = Buffer.alloc(0);

  function become(next: State): void {
    state = next;
    if (next.at === "done") sink.onEnd();
  }

  /** Text up to the separator, or undefined while it is not there yet. */
  function take(separator: Buffer): string | undefined {
    const end = rest.indexOf(separator);
    if (end < 0) {
      if (rest.length > MAX_HEAD_BYTES) throw broken("header too long");
      return undefined;
    }
    const line = rest.subarray(0, end).toString("latin1");
    rest = rest.subarray(end + separator.length);
    return line;
  }

  function takeBody(left: number): number {
    const part = rest.subarray(0, left);
    rest = rest.subarray(part.length);
    if (part.length > 0) sink.onBody(part);
    return left - part.length;
  }

  /** One step; false when more bytes are needed. */
  function step(): boolean {
    switch (state.at) {
      case "head": {
        const raw = take(HEAD_END);
        if (raw === undefined) return false;
        const head = parseHead(raw);
        // 100 and its like announce the real answer.
        if (head.status < 200) return true;
        sink.onHead(head);
        become(bodyState(head));
        return true;
      }
      case "length": {
        state.left = takeBody(state.left);
        if (state.left > 0) return false;
        become({ at: "done" });
        return false;
      }
      case "chunk-size": {
        const line = take(LINE_END);
        if (line === undefined) return false;
        const size = /^([0-9a-fA-F]{1,12})\s*(?:;.*)?$/.exec(line)?.[1];
        if (size === undefined) throw broken("chunk size");
        const left = Number.parseInt(size, 16);
        become(left === 0 ? { at: "trailer" } : { at: "chunk", left });
        return true;
      }
      case "chunk": {
        if (state.left > 0) state.left = takeBody(state.left);
        if (state.left > 0) return false;
        if (rest.length < LINE_END.length) return false;
        if (!rest.subarray(0, 2).equals(LINE_END)) throw broken("chunk end");
        rest = rest.subarray(2);
        become({ at: "chunk-size" });
        return true;
      }
      case "trailer": {
        const line = take(LINE_END);
        if (line === undefined) return false;
        if (line === "") become({ at: "done" });
        return line !== "";
      }
      case "until-close": {
        takeBody(rest.length);
        return false;
      }
      case "done":
        return false;
    }
  }

  return {
    feed(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (step());
    },
    end() {
      if (state.at === "until-close") become({ at: "done" });
      else if (state.at !== "done") throw broken("it ended too early");
    },
  };
}
