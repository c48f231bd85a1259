/**
 * Empty restic repositories whose key costs next to nothing to derive. Every process of restic derives the key anew: half a second
 * of work with the parameters that `restic init` measures for a machine, for each snapshot, list and check of a test. What is
 * written here is the format that restic's design document describes (version 2), with scrypt's cost taken down.
 */
import { createCipheriv, createHash, randomBytes, scryptSync } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** 2^10 blocks; `restic init` takes 2^15 and more. */
const SCRYPT = { N: 1024, r: 8, p: 1 } as const;
const KEY_BYTES = 64;
const BLOCK_BYTES = 16;
/** An irreducible polynomial over F2 of degree 53, by which restic cuts files. */
const CHUNKER_POLYNOMIAL = "3da3358b4dc173";

interface Key {
  /** AES-256 in counter mode. */
  readonly encrypt: Buffer;
  /** Poly1305-AES: k for the nonce, r for the polynomial. */
  readonly k: Buffer;
  readonly r: Buffer;
}

/**
 * Writes an empty repository into a folder of a local backend or of a REST server; restic opens it with the password. It is open
 * to every user: containers run as who they like.
 */
export function writeEmptyRepository(folder: string, password: string): void {
  for (const name of [".", "data", "index", "keys", "locks", "snapshots"]) {
    mkdirSync(join(folder, name), { recursive: true });
    chmodSync(join(folder, name), 0o777);
  }
  for (const [path, content] of Object.entries(emptyRepository(password))) {
    writeFileSync(join(folder, path), content, { flag: "wx" });
  }
}

/** @returns the objects of an empty repository by their paths: its config and its one key */
export function emptyRepository(password: string): Readonly<Record<string, Buffer>> {
  const master = keyOf(randomBytes(KEY_BYTES));
  const id = randomBytes(32).toString("hex");
  const config = seal(master, { version: 2, id, chunker_polynomial: CHUNKER_POLYNOMIAL });
  const key = Buffer.from(JSON.stringify(sealedKey(master, password)));
  return { config, [`keys/${createHash("sha256").update(key).digest("hex")}`]: key };
}

function sealedKey(master: Key, password: string): object {
  const salt = randomBytes(KEY_BYTES);
  const derived = keyOf(scryptSync(password, salt, KEY_BYTES, SCRYPT));
  const data = seal(derived, {
    mac: { k: master.k.toString("base64"), r: master.r.toString("base64") },
    encrypt: master.encrypt.toString("base64"),
  });
  return {
    created: new Date().toISOString(),
    username: "tests",
    hostname: "tests",
    kdf: "scrypt",
    ...SCRYPT,
    salt: salt.toString("base64"),
    data: data.toString("base64"),
  };
}

function keyOf(bytes: Buffer): Key {
  const r = Buffer.from(bytes.subarray(48, 64));
  // Poly1305 wants these bits clear.
  for (const at of [3, 7, 11, 15]) r.writeUInt8(r.readUInt8(at) & 15, at);
  for (const at of [4, 8, 12]) r.writeUInt8(r.readUInt8(at) & 252, at);
  return { encrypt: bytes.subarray(0, 32), k: bytes.subarray(32, 48), r };
}

/** Nonce, text in cipher, code that authenticates it. */
function seal({ encrypt, k, r }: Key, value: object): Buffer {
  const nonce = randomBytes(BLOCK_BYTES);
  const cipher = createCipheriv("aes-256-ctr", encrypt, nonce);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
  const s = createCipheriv("aes-128-ecb", k, null).update(nonce);
  return Buffer.concat([nonce, sealed, poly1305(sealed, r, s)]);
}

function poly1305(text: Buffer, r: Buffer, s: Buffer): Buffer {
  const prime = 2n ** 130n - 5n;
  const factor = numberOf(r);
  let sum = 0n;
  for (let at = 0; at < text.length; at += BLOCK_BYTES) {
    const block = Buffer.concat([text.subarray(at, at + BLOCK_BYTES), Buffer.from([1])]);
    sum = ((sum + numberOf(block)) * factor) % prime;
  }
  const code = (sum + numberOf(s)) % 2n ** 128n;
  return Buffer.from(code.toString(16).padStart(2 * BLOCK_BYTES, "0"), "hex").reverse();
}

/** Of bytes in little endian. */
function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}
