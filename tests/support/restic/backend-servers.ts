/** Real servers of restic backends on loopback: rclone for the REST protocol, s3rver for S3. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { issueCa, issueServing } from "../../../certs/issue.ts";
import { findFreePorts } from "../control-plane/free-ports.ts";
import { eventually } from "../eventually.ts";

const S3RVER = join(import.meta.dirname, "..", "..", "..", "node_modules", ".bin", "s3rver");
const START_LIMIT_MS = 20_000;
const DAY_MS = 86_400_000;

export interface BackendServer {
  readonly host: string;
  readonly port: number;
  /** Authority of the server's certificate; undefined without TLS. */
  readonly caPem: string | undefined;
  stop(): Promise<void>;
}

async function isListening(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

interface Address {
  readonly host: string;
  readonly port: number;
}

async function start(argv: readonly string[], { host, port }: Address, caPem?: string): Promise<BackendServer> {
  const [program = ""] = argv;
  // It ends with the process that started it, however that ends.
  const child: ChildProcess = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...argv], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    words += chunk.toString("utf8");
  });
  const look = async () => {
    if (child.exitCode !== null) throw new Error(`${program} did not start: ${words}`);
    return (await isListening(host, port)) || words;
  };
  await eventually(look, true, START_LIMIT_MS);
  return {
    host,
    port,
    caPem,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

/**
 * rclone as a REST server over a folder, with a user and a password.
 *
 * @param host address of this machine to listen on
 */
export async function startRestServer(
  folder: string,
  user: string,
  password: string,
  host = "127.0.0.1",
): Promise<BackendServer> {
  const [port = 0] = await findFreePorts(1);
  return start(["rclone", "serve", "restic", "--addr", `${host}:${port}`, "--user", user, "--pass", password, folder], {
    host,
    port,
  });
}

/**
 * s3rver over TLS; its keys are S3RVER and S3RVER.
 *
 * @param host address of this machine to listen on
 */
export async function startS3Server(dir: string, host = "127.0.0.1"): Promise<BackendServer> {
  const [port = 0] = await findFreePorts(1);
  const validity = { nowMs: Date.now(), lifetimeMs: DAY_MS };
  const ca = await issueCa(validity);
  const pair = await issueServing(ca, [host], validity);
  await writeFile(join(dir, "s3.key"), pair.keyPem);
  await writeFile(join(dir, "s3.crt"), pair.certPem);
  const files = ["--key", join(dir, "s3.key"), "--cert", join(dir, "s3.crt")];
  const place = ["-d", join(dir, "s3"), "-a", host, "-p", String(port)];
  return start([process.execPath, S3RVER, ...place, "-s", ...files], { host, port }, ca.certPem);
}
