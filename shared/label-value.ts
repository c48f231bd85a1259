/** Values of labels. */
import { LABEL_VALUE_MAX_LENGTH } from "./contract.ts";
import { shortHash } from "./hash.ts";

const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/;

/**
 * A name as the value of a label. Names of objects may be longer than that, or hold characters that no label may: such a
 * name is cut and gets its hash, so that two names never share a value.
 */
export function labelValue(name: string): string {
  if (name.length <= LABEL_VALUE_MAX_LENGTH && LABEL_VALUE.test(name)) return name;
  const hash = shortHash(name);
  const head = name.replaceAll(/[^A-Za-z0-9_.-]/g, "_").slice(0, LABEL_VALUE_MAX_LENGTH - hash.length - 1);
  return `${head.replace(/^[^A-Za-z0-9]+/, "")}-${hash}`.replace(/^-/, "");
}
