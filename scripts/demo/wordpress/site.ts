/** A WordPress as its author uses it: set it up, log in, publish, upload. All of it through its own pages and REST API. */
import { isJsonObject, numberAt, textAt } from "../../../shared/json/value.ts";
import { callHttp, type HttpAnswer, type HttpCall, type Origin } from "./http.ts";

export interface Author {
  readonly name: string;
  readonly password: string;
}

export interface Picture {
  readonly id: number;
  /** Paths of the picture as it was uploaded, and of the sizes that WordPress made of it. */
  readonly paths: readonly string[];
}

export interface Session {
  /** Publishes a post. @returns the path of its page */
  publish(post: { readonly title: string; readonly content: string; readonly picture?: Picture }): Promise<string>;
  upload(fileName: string, png: Buffer): Promise<Picture>;
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const form = (fields: Readonly<Record<string, string>>) => new URLSearchParams(fields).toString();

function must(what: string, answer: HttpAnswer, ...statuses: readonly number[]): HttpAnswer {
  if (statuses.includes(answer.status)) return answer;
  throw new Error(`${what}: WordPress answered ${answer.status}: ${answer.body.toString("utf8").slice(0, 500)}`);
}

/** Runs WordPress's own installation: makes the tables and the author. */
export async function setUpSite(origin: Origin, title: string, author: Author): Promise<void> {
  const body = form({
    weblog_title: title,
    user_name: author.name,
    admin_password: author.password,
    admin_password2: author.password,
    pw_weak: "on",
    admin_email: "author@wordpress.demo",
    blog_public: "0",
    language: "",
  });
  const path = "/wp-admin/install.php?step=2";
  const answer = must("set-up", await callHttp(origin, { method: "POST", path, headers: FORM, body }), 200);
  if (!answer.body.toString("utf8").includes("wp-login.php")) {
    throw new Error(`set-up: WordPress did not end it: ${answer.body.toString("utf8").slice(-1_000)}`);
  }
}

/** Logs in. @throws Error when WordPress refuses */
export async function logIn(origin: Origin, author: Author): Promise<Session> {
  const asked = must("log-in", await callHttp(origin, { path: "/wp-login.php" }), 200);
  const cookies = new Map(asked.cookies.map(parseCookie));
  const header = () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const body = form({ log: author.name, pwd: author.password, testcookie: "1", "wp-submit": "Log In" });
  const headers = { ...FORM, cookie: header() };
  const answer = await callHttp(origin, { method: "POST", path: "/wp-login.php", headers, body });
  must("log-in", answer, 302);
  for (const [name, value] of answer.cookies.map(parseCookie)) cookies.set(name, value);
  const noncePath = "/wp-admin/admin-ajax.php?action=rest-nonce";
  const nonce = must("nonce", await callHttp(origin, { path: noncePath, headers: { cookie: header() } }), 200);
  const rest = restOf(origin, { cookie: header(), "x-wp-nonce": nonce.body.toString("utf8") });
  return {
    async publish({ title, content, picture }) {
      const post = { title, content, status: "publish", ...(picture && { featured_media: picture.id }) };
      const made = await rest("posts", { "content-type": "application/json" }, JSON.stringify(post));
      return pathOf(textAt(made, "link") ?? fail("the post has no page"));
    },
    async upload(fileName, png) {
      const kind = { "content-type": "image/png", "content-disposition": `attachment; filename="${fileName}"` };
      const made = await rest("media", kind, png);
      const sizes = isJsonObject(made) && isJsonObject(made["media_details"]) ? made["media_details"]["sizes"] : {};
      const urls = isJsonObject(sizes) ? Object.values(sizes).map((size) => textAt(size, "source_url")) : [];
      const paths = [textAt(made, "source_url"), ...urls].flatMap((url) => (url ? [pathOf(url)] : []));
      return { id: numberAt(made, "id") ?? fail("the picture has no number"), paths: [...new Set(paths)] };
    },
  };
}

/** Path of the feed that the front page names. */
export async function findFeed(origin: Origin): Promise<string> {
  const page = must("front page", await callHttp(origin, { path: "/" }), 200).body.toString("utf8");
  const [, url] = /<link [^>]*application\/rss\+xml[^>]* href="([^"]+)"/.exec(page) ?? [];
  return pathOf(url ?? fail("the front page names no feed"));
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

function restOf(origin: Origin, credentials: Readonly<Record<string, string>>) {
  return async (route: string, kind: Readonly<Record<string, string>>, body: Buffer | string): Promise<unknown> => {
    const call: HttpCall = {
      method: "POST",
      path: `/index.php?rest_route=/wp/v2/${route}`,
      headers: { ...credentials, ...kind, "content-length": String(Buffer.byteLength(body)) },
      body,
    };
    return JSON.parse(must(route, await callHttp(origin, call), 201).body.toString("utf8"));
  };
}

function parseCookie(text: string): readonly [string, string] {
  const [pair = ""] = text.split(";");
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function fail(message: string): never {
  throw new Error(message);
}
