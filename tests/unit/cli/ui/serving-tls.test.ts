/** The pages with a certificate that somebody replaces. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Door } from "../../../../cli/ui/door.ts";
import { servePages, type UiServer } from "../../../../cli/ui/server.ts";
import { READ_AGAIN_MS } from "../../../../cli/ui/serving-tls.ts";
import { issueServer, loadCertificates } from "../../../support/control-plane/certificates.ts";
import { eventually } from "../../../support/eventually.ts";

const faults: unknown[] = [];
let dir: string;
let caPem: string;
let server: UiServer;

/** Nobody comes in: the probe alone is asked. */
const door: Door = {
  servingAt: () => ({
    authority: "x",
    origin: "https://x",
    base: "/",
    allowsActions: false,
    steps: { open: "", signIn: "", allow: "" },
  }),
  isSignedIn: () => false,
  arrive: () => true,
  follow: () => true,
  keep: (_request, work) => work(),
  greet: async () => undefined,
  enter: async () => ({ status: 401, code: "NOT_SIGNED_IN", message: "", next: "" }),
  close: async () => undefined,
};

async function putCertificate(name: string): Promise<void> {
  const { ca } = await loadCertificates();
  caPem = ca.certPem;
  const { certPem, keyPem } = await issueServer(ca, { user: name, groups: [] }, [], ["127.0.0.1"]);
  await writeFile(join(dir, "tls.crt"), certPem);
  await writeFile(join(dir, "tls.key"), keyPem);
}

/** Whose certificate answers. */
function askName(): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: server.port, path: "/healthz", ca: caPem, agent: false });
    let name = "";
    call.on("socket", (socket: TLSSocket) => {
      socket.on("secureConnect", () => {
        name = String(socket.getPeerCertificate().subject["CN"]);
      });
    });
    call.on("response", (response) => response.resume().on("end", () => resolve(`${response.statusCode} ${name}`)));
    call.on("error", reject);
    call.end();
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-ui-tls-"));
  await putCertificate("first");
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const tls = { cert: join(dir, "tls.crt"), key: join(dir, "tls.key") };
  const place = { host: "127.0.0.1", port: 0, maxConnections: 8, probePath: "/healthz", tls };
  server = await servePages({ door, pages: {}, onFault: (error) => void faults.push(error) }, place);
});

afterAll(async () => {
  await server.close();
  vi.useRealTimers();
  await rm(dir, { recursive: true, force: true });
});

test("a new certificate is served without a start, and one that can't be read leaves the last", async () => {
  expect(await askName()).toBe("200 first");
  await putCertificate("second");
  vi.advanceTimersByTime(READ_AGAIN_MS);
  await eventually(() => askName(), "200 second", 10_000);
  await writeFile(join(dir, "tls.crt"), "half a certific");
  vi.advanceTimersByTime(READ_AGAIN_MS);
  await eventually(
    () => faults,
    ({ length }) => length === 1,
    10_000,
  );
  expect(await askName()).toBe("200 second");
});
