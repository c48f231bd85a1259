/** `npm run certs`: an authority and a serving certificate as PEM files, for development. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatUserError, UserError } from "../shared/errors.ts";
import { readFlags } from "../shared/flags.ts";
import { issueCa, issueServing } from "./issue.ts";
import { SecretKey } from "./secret.ts";

const USAGE = `usage: npm run certs -- --dir FOLDER [--name NAME]... [--days DAYS]

Writes ca.crt, ca.key, tls.crt and tls.key into FOLDER.

  --dir   where to write; made if it isn't there
  --name  DNS name or IP address that clients call; may be repeated; localhost and 127.0.0.1 without it
  --days  how long the certificates are valid; 30 without it
`;

const DAY_MS = 86_400_000;

interface Order {
  readonly dir: string;
  readonly names: readonly string[];
  readonly lifetimeMs: number;
}

function parseOrder(argv: readonly string[]): Order {
  const values = readFlags(argv, {
    dir: { type: "string" },
    name: { type: "string", multiple: true },
    days: { type: "string", default: "30" },
  });
  const days = Number(values.days);
  if (values.dir === undefined || values.dir === "") throw new UserError("CONFIGURATION_INVALID", "--dir is missing");
  if (!Number.isFinite(days) || days <= 0) {
    throw new UserError("CONFIGURATION_INVALID", `--days ${values.days} is no positive number`);
  }
  return { dir: values.dir, names: values.name ?? ["localhost", "127.0.0.1"], lifetimeMs: days * DAY_MS };
}

/** Runs the command. @returns the exit code: 0 when the files are written, 2 when the arguments are wrong */
async function runCerts(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  let order: Order;
  try {
    order = parseOrder(argv);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${formatUserError(error)}\n\n${USAGE}`);
    return 2;
  }
  const validity = { nowMs: Date.now(), lifetimeMs: order.lifetimeMs };
  const ca = await issueCa(validity);
  const serving = await issueServing(ca, order.names, validity);
  await mkdir(order.dir, { recursive: true });
  const write = (file: string, pem: string, mode: number) => writeFile(join(order.dir, file), pem, { mode });
  await write(SecretKey.Bundle, ca.certPem, 0o644);
  await write(SecretKey.CaKey, ca.keyPem, 0o600);
  await write(SecretKey.Cert, serving.certPem, 0o644);
  await write(SecretKey.Key, serving.keyPem, 0o600);
  process.stdout.write(`${order.dir}: certificates for ${order.names.join(", ")}\n`);
  return 0;
}

if (import.meta.main) process.exitCode = await runCerts(process.argv.slice(2));
