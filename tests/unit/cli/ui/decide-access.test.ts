import { describe, expect, test } from "vitest";
import { decideAccess, type RequestFacts, type ServingFacts } from "../../../../cli/ui/decide-access.ts";

const ORIGIN = "http://127.0.0.1:4000";
const SERVING: ServingFacts = {
  authority: "127.0.0.1:4000",
  origin: ORIGIN,
  base: "/x/",
  allowsActions: false,
  steps: { open: "open it", signIn: "sign in", allow: "allow it" },
};

const page: RequestFacts = {
  method: "GET",
  path: "/x/",
  host: "127.0.0.1:4000",
  origin: undefined,
  fetchSite: "none",
  contentType: undefined,
  isSignedIn: true,
};
const question: RequestFacts = {
  ...page,
  method: "POST",
  path: "/x/ask/plan",
  origin: ORIGIN,
  fetchSite: "same-origin",
  contentType: "application/json",
};
const action: RequestFacts = { ...question, path: "/x/act/restore" };

const statusOf = (request: RequestFacts, serving = SERVING) => decideAccess(request, serving)?.status ?? 200;

test("a browser that is signed in sees pages, views and answers", () => {
  expect(statusOf(page)).toBe(200);
  expect(statusOf({ ...page, path: "/x/watch/overview", fetchSite: "same-origin" })).toBe(200);
  expect(statusOf(question)).toBe(200);
  expect(statusOf({ ...question, contentType: "Application/JSON; charset=utf-8" })).toBe(200);
});

describe("is refused", () => {
  const cases: readonly (readonly [string, Partial<RequestFacts>, number])[] = [
    ["another host, as after DNS rebinding", { host: "evil.example:4000" }, 421],
    ["the address by another name", { host: "localhost:4000" }, 421],
    ["another port", { host: "127.0.0.1:4001" }, 421],
    ["a host with something before it", { host: "x@127.0.0.1:4000" }, 421],
    ["no host at all", { host: undefined }, 421],
    ["a page of another origin", { origin: "http://evil.example" }, 403],
    ["another port of this machine", { origin: "http://127.0.0.1:4001" }, 403],
    ["a page without origin, such as a file", { origin: "null" }, 403],
    ["the same authority by another scheme", { origin: "https://127.0.0.1:4000" }, 403],
    ["an origin that begins like ours", { origin: `${ORIGIN}.evil.example` }, 403],
    ["another site, by the browser's own word", { fetchSite: "cross-site" }, 403],
    ["another port, by the browser's own word", { fetchSite: "same-site" }, 403],
    ["a browser without the cookie", { isSignedIn: false }, 401],
    ["another folder", { path: "/ask/plan" }, 404],
    ["the folder without its end", { path: "/x" }, 404],
    ["a path in another spelling", { path: "/x/%61ct/restore" }, 404],
    ["a path with an escape that means nothing", { path: "/x/act/restore%" }, 404],
    ["PUT", { method: "PUT" }, 405],
    ["DELETE", { method: "DELETE" }, 405],
    ["OPTIONS: there is no preflight that is answered", { method: "OPTIONS" }, 405],
  ];
  test.each(cases)("%s", (_what, change, status) => {
    for (const request of [question, action]) expect(statusOf({ ...request, ...change })).toBe(status);
    expect(statusOf({ ...action, ...change }, { ...SERVING, allowsActions: true })).toBe(status);
  });

  test("a form's body, which another page may send without asking", () => {
    for (const contentType of [
      undefined,
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/jsonp",
      "text/plain; application/json",
    ]) {
      expect(statusOf({ ...question, contentType })).toBe(415);
    }
  });

  test("a POST without an origin", () => {
    expect(statusOf({ ...question, origin: undefined })).toBe(403);
  });

  test("everything that changes the cluster, unless it is allowed", () => {
    expect(statusOf(action)).toBe(403);
    expect(statusOf(action, { ...SERVING, allowsActions: true })).toBe(200);
  });
});

test("a link from elsewhere opens the page, and no more", () => {
  expect(statusOf({ ...page, fetchSite: "cross-site", isSignedIn: false })).toBe(200);
  expect(statusOf({ ...page, path: "/x/view/overview", fetchSite: "cross-site" })).toBe(403);
});
