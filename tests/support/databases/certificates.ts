/** Certificates for databases that speak TLS. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool, type ServerTls } from "./server.ts";

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface DatabaseCertificates {
  /** PEM text of the authority that signed the others. */
  readonly ca: string;
  /** PEM text of an authority that signed none. */
  readonly otherCa: string;
  /** Files of a server at 127.0.0.1. */
  readonly server: ServerTls;
  /** Of a client named as given. */
  readonly client: Certificate;
}

/** @param dir folder for openssl's files @param clientName common name of the client's certificate */
export async function issueDatabaseCertificates(dir: string, clientName: string): Promise<DatabaseCertificates> {
  await mkdir(dir, { recursive: true });
  const file = (name: string) => join(dir, name);
  const newKey = ["-newkey", "rsa:2048", "-nodes"];

  async function issueAuthority(name: string): Promise<string> {
    const out = ["-keyout", file(`${name}.key`), "-out", file(`${name}.crt`)];
    await runTool(["openssl", "req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${name}`, ...out]);
    return readFile(file(`${name}.crt`), "utf8");
  }

  async function issue(name: string, extensions: readonly string[]): Promise<ServerTls> {
    await runTool([
      "openssl",
      "req",
      ...newKey,
      "-subj",
      `/CN=${name}`,
      "-keyout",
      file(`${name}.key`),
      "-out",
      file(`${name}.csr`),
    ]);
    await writeFile(file(`${name}.ext`), extensions.join("\n"));
    const signer = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "2"];
    const inOut = ["-in", file(`${name}.csr`), "-out", file(`${name}.crt`), "-extfile", file(`${name}.ext`)];
    await runTool(["openssl", "x509", "-req", ...inOut, ...signer]);
    return { ca: file("ca.crt"), certificate: file(`${name}.crt`), key: file(`${name}.key`) };
  }

  const ca = await issueAuthority("ca");
  const client = await issue(clientName, ["extendedKeyUsage=clientAuth"]);
  return {
    ca,
    otherCa: await issueAuthority("other-ca"),
    server: await issue("server", ["subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth"]),
    client: {
      certificate: await readFile(client.certificate, "utf8"),
      key: await readFile(client.key, "utf8"),
    },
  };
}
