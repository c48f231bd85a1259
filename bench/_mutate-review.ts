/** Spoils reviews: a value somewhere in them, or bytes of their text. The same seed spoils the same. */
import { isJsonObject } from "../shared/json/value.ts";
import { pick, type Random } from "./_random.ts";

/** Values where others are expected. Texts are JSON, so that they can say what a value can't. */
const ODD_VALUES: readonly string[] = [
  "null",
  "true",
  "0",
  "-1",
  "1e999",
  "0.1",
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"constructor"',
  '"../.."',
  '"${A:=${A:=${A"',
  '"{{ . }}"',
  "[]",
  "[null]",
  "{}",
  '{"__proto__":{"a":1}}',
  '{"constructor":{"prototype":{}}}',
  '{"toJSON":1,"valueOf":2,"length":-1}',
  `"${"x".repeat(5_000)}"`,
  `"${"1".repeat(2_000)}h!"`,
  `"${"0-59,".repeat(400)}0 * * * *"`,
  `[${'{"name":"data"},'.repeat(200)}1]`,
  `${"[".repeat(300)}${"]".repeat(300)}`,
  `${'{"a":'.repeat(300)}1${"}".repeat(300)}`,
];
const MARK = "MARKED-PLACE";

/** One review in another way than its author meant it. */
export function spoilReview(text: string, random: Random): Buffer {
  return random() < 0.75 ? Buffer.from(spoilValue(text, random)) : spoilBytes(Buffer.from(text), random);
}

/** Goes down at random, and puts an odd value in the place of what it finds, or a field beside it. */
function spoilValue(text: string, random: Random): string {
  const root: unknown = JSON.parse(text);
  let holder: unknown = isJsonObject(root) ? root["request"] : root;
  let key = "object";
  for (let depth = Math.floor(random() * 12); depth > 0; depth--) {
    const inner: unknown = typeof holder === "object" && holder !== null ? Reflect.get(holder, key) : undefined;
    const keys = typeof inner === "object" && inner !== null ? Object.keys(inner) : [];
    if (keys.length === 0) break;
    holder = inner;
    key = pick(random, keys);
  }
  if (typeof holder !== "object" || holder === null) return text;
  const choice = random();
  if (choice < 0.1) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, choice < 0.2 ? pick(random, ["__proto__", "toString", "", "name", "spec"]) : key, MARK);
  return JSON.stringify(root).replace(`"${MARK}"`, () => pick(random, ODD_VALUES));
}

function spoilBytes(bytes: Buffer, random: Random): Buffer {
  const at = () => Math.floor(random() * bytes.length);
  const choice = random();
  if (choice < 0.3) return bytes.subarray(0, at());
  if (choice < 0.5) return Buffer.concat([bytes.subarray(0, at()), bytes.subarray(at())]);
  for (let count = 1 + Math.floor(random() * 8); count > 0; count--) {
    bytes.writeUInt8(Math.floor(random() * 256), at() % bytes.length);
  }
  return bytes;
}
