/**
 * A real oauth2-proxy before the pages, as docs/ui.md says, and where it sends people to sign in: a page of ours that knows them by a
 * click. Their tokens are the cluster's own, so the API server needs no settings for them; what the proxy checks them by is the cluster's, too.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Of the proxy; tokens must be for it, besides for the API server. */
export const CLIENT_ID = "stash-batch-ui";

const SCRIPT = resolve(import.meta.dirname, "../../../scripts/go-program.sh");
const START_MS = 20_000;

export interface OidcProxyOptions {
  /** Where it listens, on loopback. */
  readonly port: number;
  readonly issuerPort: number;
  /** Origin of what is behind it. */
  readonly upstream: string;
  /** `iss` of the tokens. */
  readonly issuer: string;
  /** Keys that they are signed with, as a JSON Web Key Set. */
  readonly keys: string;
  /** By name. */
  readonly tokens: ReadonlyMap<string, string>;
}

export interface OidcProxy {
  readonly address: string;
  /** Everything that it logged. */
  log(): string;
  stop(): Promise<void>;
}

/** Finds or builds the program: minutes, the first time. */
export async function startOidcProxy(options: OidcProxyOptions): Promise<OidcProxy> {
  const program = execFileSync(SCRIPT, ["oauth2-proxy"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
  const { port, issuerPort, upstream } = options;
  const address = `http://127.0.0.1:${port}/`;
  const signIn = `http://127.0.0.1:${issuerPort}`;
  const issuer = await startIssuer(options, `${address}oauth2/callback`);
  const child = spawn(
    program,
    [
      "--provider=oidc",
      `--http-address=127.0.0.1:${port}`,
      `--upstream=${upstream}`,
      `--client-id=${CLIENT_ID}`,
      "--client-secret=none",
      `--cookie-secret=${randomBytes(16).toString("hex")}`,
      "--cookie-secure=false",
      `--redirect-url=${address}oauth2/callback`,
      `--oidc-issuer-url=${options.issuer}`,
      "--skip-oidc-discovery",
      `--login-url=${signIn}/authorize`,
      `--redeem-url=${signIn}/token`,
      `--oidc-jwks-url=${signIn}/keys`,
      // A ServiceAccount has no address.
      "--oidc-email-claim=sub",
      "--email-domain=*",
      "--skip-provider-button",
      "--pass-authorization-header",
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: {} },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      log += String(chunk);
    });
  }
  const closed = new Promise<void>((done) => child.on("close", () => done()));
  const stop = async () => {
    child.kill("SIGTERM");
    await closed;
    issuer.closeAllConnections();
    await new Promise((done) => issuer.close(done));
  };
  for (const untilMs = Date.now() + START_MS; ; await sleep(100)) {
    if ((await fetch(`${address}ping`).catch(() => undefined))?.ok === true) break;
    if (child.exitCode === null && Date.now() < untilMs) continue;
    await stop();
    throw new Error(`oauth2-proxy did not start: ${log}`);
  }
  return { address, log: () => log, stop };
}

/** The authorization code flow, with a person's name as his code. */
async function startIssuer({ issuerPort, keys, tokens }: OidcProxyOptions, callback: string) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://local");
    if (pathname === "/keys") {
      response.writeHead(200, { "content-type": "application/json" }).end(keys);
      return;
    }
    if (pathname === "/authorize" && searchParams.get("redirect_uri") === callback) {
      const links = [...tokens.keys()].map((name) => {
        const back = new URLSearchParams({ code: name, state: searchParams.get("state") ?? "" });
        return `<p><a href="${callback}?${String(back).replaceAll("&", "&amp;")}">${name}</a></p>`;
      });
      const html = `<!doctype html><html lang="en"><title>Sign in</title><h1>Who are you?</h1>${links.join("")}</html>`;
      response.writeHead(200, { "content-type": "text/html" }).end(html);
      return;
    }
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      const token = tokens.get(new URLSearchParams(body).get("code") ?? "");
      const answer = { access_token: token, id_token: token, token_type: "Bearer", expires_in: 3_600 };
      const isGood = pathname === "/token" && token !== undefined;
      response.writeHead(isGood ? 200 : 400, { "content-type": "application/json" });
      response.end(JSON.stringify(isGood ? answer : { error: "invalid_grant" }));
    });
  });
  await new Promise<void>((done) => server.listen(issuerPort, "127.0.0.1", done));
  return server;
}
