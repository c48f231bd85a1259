/** Ed25519 signatures of evidence, with the key pair of the installation. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { messageOf, UserError } from "../errors.ts";

export interface EvidenceSignature {
  /** Public key: DER of its SubjectPublicKeyInfo, in base64. */
  readonly key: string;
  /** Of the text's UTF-8, in base64. */
  readonly value: string;
}

const TYPE = "ed25519";
const HOW = "Make one by `openssl genpkey -algorithm ed25519 -out key.pem`.";

function requireEd25519(read: () => KeyObject, what: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", `${what} can't be read: ${messageOf(cause)}`, { next: HOW });
  }
  if (key.asymmetricKeyType === TYPE) return key;
  throw new UserError("CONFIGURATION_INVALID", `${what} is a key of type ${key.asymmetricKeyType}, not ${TYPE}`, {
    next: HOW,
  });
}

function textOf(publicKey: KeyObject): string {
  return publicKey.export({ format: "der", type: "spki" }).toString("base64");
}

/**
 * @param privateKeyPem PKCS#8, as openssl writes it
 * @throws UserError CONFIGURATION_INVALID when it is no Ed25519 key
 */
export function signEvidence(text: string, privateKeyPem: string): EvidenceSignature {
  const key = requireEd25519(() => createPrivateKey(privateKeyPem), "the installation's key of evidence");
  return { key: textOf(createPublicKey(key)), value: sign(null, Buffer.from(text), key).toString("base64") };
}

/** Whether the text is what was signed with that key. */
export function isSigned(text: string, { key, value }: EvidenceSignature): boolean {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key, "base64"), format: "der", type: "spki" });
    if (publicKey.asymmetricKeyType !== TYPE) return false;
    return verify(null, Buffer.from(text), publicKey, Buffer.from(value, "base64"));
  } catch {
    return false;
  }
}

/** @param pem a public key, or the private one that it belongs to @throws UserError CONFIGURATION_INVALID */
export function readPublicKey(pem: string): string {
  return textOf(requireEd25519(() => createPublicKey(pem), "the public key"));
}

/** What people compare: `SHA256:` and the hash of the public key. */
export function keyFingerprint(key: string): string {
  return `SHA256:${createHash("sha256").update(Buffer.from(key, "base64")).digest("base64").replace(/=+$/, "")}`;
}
