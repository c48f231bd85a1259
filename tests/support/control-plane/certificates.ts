/** Key pairs and certificates of the test control plane: made once, kept in the cache, good for one year. */
import { createHash, generateKeyPair, randomBytes, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import forge from "node-forge";
import { allGateways, KUBERNETES_SERVICE_IP } from "../node/addresses.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 365;
/** A certificate that could end while a long test still runs is replaced. */
const RENEW_BEFORE_MS = 7 * DAY_MS;

/** Names and addresses that the API server's certificate is good for. */
const API_SERVER_NAMES = [
  "localhost",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
];
const API_SERVER_ADDRESSES = ["127.0.0.1", "::1", KUBERNETES_SERVICE_IP, ...allGateways()];

export interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
}

const CLIENTS = {
  admin: { user: "kubernetes-admin", groups: ["system:masters"] },
  "controller-manager": { user: "system:kube-controller-manager", groups: [] },
  scheduler: { user: "system:kube-scheduler", groups: [] },
  "kubelet-client": { user: "kube-apiserver-kubelet-client", groups: ["system:masters"] },
} as const satisfies Record<string, Subject>;

export type ClientName = keyof typeof CLIENTS;

/** What the API server is called where it asks an aggregated API for somebody else: its certificate says so. */
export const FRONT_PROXY = "front-proxy-client";
const FRONT_PROXY_CA = "front-proxy-ca";

export interface KeyAndCertificate {
  readonly keyPem: string;
  readonly certPem: string;
}

/**
 * The folder holds `ca`, `api-server`, `front-proxy-ca`, `front-proxy-client` and each client as NAME.crt and NAME.key, and
 * `service-account.key` and `.pub`.
 */
export interface CertificateFolder {
  readonly path: string;
  readonly ca: KeyAndCertificate;
  /** Authority of the API server's certificate as front proxy: another one, as users' certificates must not be as good. */
  readonly frontProxyCa: KeyAndCertificate;
  readonly clients: Readonly<Record<ClientName, KeyAndCertificate>>;
}

/** Makes an authority. */
export function issueAuthority(name: string): Promise<KeyAndCertificate> {
  return issue({ user: name, groups: [] }, [
    { name: "basicConstraints", critical: true, cA: true },
    { name: "keyUsage", critical: true, keyCertSign: true, cRLSign: true, digitalSignature: true },
  ]);
}

/**
 * Makes a client certificate for a user.
 *
 * @param ca the authority that the API server trusts for client certificates
 */
export function issueClient(ca: KeyAndCertificate, subject: Subject): Promise<KeyAndCertificate> {
  return issue(subject, [{ name: "extKeyUsage", clientAuth: true }], ca);
}

/**
 * Makes a serving certificate, such as for the port of a kubelet.
 *
 * @param ca an authority that the clients of the server trust
 * @param dnsNames what clients may call it; `addresses` likewise
 */
export function issueServer(
  ca: KeyAndCertificate,
  subject: Subject,
  dnsNames: readonly string[],
  addresses: readonly string[],
): Promise<KeyAndCertificate> {
  const altNames = [...dnsNames.map((value) => ({ type: 2, value })), ...addresses.map((ip) => ({ type: 7, ip }))];
  const extensions = [
    { name: "extKeyUsage", serverAuth: true },
    { name: "subjectAltName", altNames },
  ];
  return issue(subject, extensions, ca);
}

/**
 * Finds the certificates in the cache, or makes them there. Two processes that do so at once agree on one folder.
 *
 * @param cacheDir folder that holds the folders of certificates; made when missing
 */
export async function loadCertificates(cacheDir: string = defaultCacheDir()): Promise<CertificateFolder> {
  // Certificates that say something else than today's code wants are in a folder of another name.
  const contents = JSON.stringify([CLIENTS, FRONT_PROXY, API_SERVER_NAMES, API_SERVER_ADDRESSES, VALID_DAYS]);
  const path = join(cacheDir, `certificates-${createHash("sha256").update(contents).digest("hex").slice(0, 12)}`);
  if (!(await isUsable(path))) await makeFolder(cacheDir, path);
  const [ca, frontProxyCa, admin, controllerManager, scheduler, kubeletClient] = await Promise.all([
    read(path, "ca"),
    read(path, FRONT_PROXY_CA),
    read(path, "admin"),
    read(path, "controller-manager"),
    read(path, "scheduler"),
    read(path, "kubelet-client"),
  ]);
  const clients = { admin, "controller-manager": controllerManager, scheduler, "kubelet-client": kubeletClient };
  return { path, ca, frontProxyCa, clients };
}

function defaultCacheDir(): string {
  const cache = process.env["XDG_CACHE_HOME"];
  return join(cache === undefined || cache === "" ? join(homedir(), ".cache") : cache, "stash-batch", "certificates");
}

async function read(path: string, name: string): Promise<KeyAndCertificate> {
  const [keyPem, certPem] = await Promise.all([
    readFile(join(path, `${name}.key`), "utf8"),
    readFile(join(path, `${name}.crt`), "utf8"),
  ]);
  return { keyPem, certPem };
}

/** All certificates of a folder are made together, so the authority's end stands for all. */
async function isUsable(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const ca = new X509Certificate(await readFile(join(path, "ca.crt")));
  return Date.parse(ca.validTo) - Date.now() > RENEW_BEFORE_MS;
}

async function makeFolder(cacheDir: string, path: string): Promise<void> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  const making = await mkdtemp(join(cacheDir, ".making-"));
  try {
    const ca = await issueAuthority("stash-batch test authority");
    const frontProxyCa = await issueAuthority("front proxies of tests");
    const apiServer = issueServer(ca, { user: "kube-apiserver", groups: [] }, API_SERVER_NAMES, API_SERVER_ADDRESSES);
    const clients = Object.entries(CLIENTS).map(([name, subject]) => ({ name, issued: issueClient(ca, subject) }));
    for (const { name, issued } of [
      { name: "ca", issued: Promise.resolve(ca) },
      { name: "api-server", issued: apiServer },
      { name: FRONT_PROXY_CA, issued: Promise.resolve(frontProxyCa) },
      { name: FRONT_PROXY, issued: issueClient(frontProxyCa, { user: FRONT_PROXY, groups: [] }) },
      ...clients,
    ]) {
      const { keyPem, certPem } = await issued;
      await writeFile(join(making, `${name}.key`), keyPem, { mode: 0o600 });
      await writeFile(join(making, `${name}.crt`), certPem);
    }
    const serviceAccount = await makeKeyPair();
    await writeFile(join(making, "service-account.key"), serviceAccount.privateKey, { mode: 0o600 });
    await writeFile(join(making, "service-account.pub"), serviceAccount.publicKey);
    if (existsSync(path) && !(await isUsable(path))) await rename(path, `${making}-old`);
    await rename(making, path);
  } catch (error) {
    // Another process was faster: its folder is as good.
    if (!(await isUsable(path))) throw error;
  } finally {
    await rm(making, { recursive: true, force: true });
    await rm(`${making}-old`, { recursive: true, force: true });
  }
}

/** Signs with the authority's key, or with the new key itself when there is no authority. */
async function issue(
  subject: Subject,
  extensions: readonly object[],
  authority?: KeyAndCertificate,
): Promise<KeyAndCertificate> {
  const keys = await makeKeyPair();
  const cert = forge.pki.createCertificate();
  cert.publicKey = forge.pki.publicKeyFromPem(keys.publicKey);
  // The first byte keeps the number positive and in the one form that X.509 has for it.
  cert.serialNumber = `7f${randomBytes(15).toString("hex")}`;
  cert.validity.notBefore = new Date(Date.now() - DAY_MS);
  cert.validity.notAfter = new Date(Date.now() + VALID_DAYS * DAY_MS);
  cert.setSubject([
    { name: "commonName", value: subject.user },
    ...subject.groups.map((value) => ({ name: "organizationName", value })),
  ]);
  // The library's default string type has no room for an @, which user names have; its types name the wrong enum here.
  for (const attribute of cert.subject.attributes) Reflect.set(attribute, "valueTagClass", forge.asn1.Type.UTF8);
  cert.setIssuer(
    authority === undefined
      ? cert.subject.attributes
      : forge.pki.certificateFromPem(authority.certPem).subject.attributes,
  );
  cert.setExtensions([...extensions]);
  cert.sign(forge.pki.privateKeyFromPem(authority?.keyPem ?? keys.privateKey), forge.md.sha256.create());
  return { keyPem: keys.privateKey, certPem: forge.pki.certificateToPem(cert).replaceAll("\r\n", "\n") };
}

/** The keys are made by node, which takes a tenth of the time that node-forge takes. */
function makeKeyPair(): Promise<{ readonly publicKey: string; readonly privateKey: string }> {
  return promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}
