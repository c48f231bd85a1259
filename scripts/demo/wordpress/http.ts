/** Requests to a web server by address, under a name of its own. */
import { request } from "node:http";

/** Where a site answers, and the name under which it is asked for. */
export interface Origin {
  readonly address: string;
  readonly port: number;
  readonly hostName: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

export interface HttpCall {
  readonly method?: "GET" | "POST";
  /** Path with query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const TIMEOUT_MS = 30_000;

/** Sends one request and reads the whole answer, of any status. @throws Error when there is no answer in 30 s */
export function callHttp(origin: Origin, call: HttpCall): Promise<HttpAnswer> {
  const headers = { ...call.headers, host: origin.hostName, connection: "close" };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: origin.address, port: origin.port, method: call.method ?? "GET", path: call.path, headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          resolve({
            status: answer.statusCode ?? 0,
            contentType: answer.headers["content-type"] ?? "",
            cookies: answer.headers["set-cookie"] ?? [],
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    sent.setTimeout(TIMEOUT_MS, () => sent.destroy(new Error(`no answer to ${call.path} in ${TIMEOUT_MS / 1_000} s`)));
    sent.on("error", reject);
    sent.end(call.body);
  });
}
