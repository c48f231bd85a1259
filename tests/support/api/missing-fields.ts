/** Compares what was written with what came back. */

/**
 * @returns one line a field of `written` that `readBack` lacks or has otherwise; further fields of `readBack` are ignored
 */
export function missingFields(written: unknown, readBack: unknown, path = ""): readonly string[] {
  if (Array.isArray(written)) {
    if (!Array.isArray(readBack) || readBack.length !== written.length) return [`${path}: ${JSON.stringify(readBack)}`];
    return written.flatMap((item, index) => missingFields(item, readBack[index], `${path}[${index}]`));
  }
  if (typeof written === "object" && written !== null) {
    if (typeof readBack !== "object" || readBack === null) return [`${path}: ${JSON.stringify(readBack)}`];
    return Object.entries(written).flatMap(([key, value]) => {
      return missingFields(value, Reflect.get(readBack, key), path === "" ? key : `${path}.${key}`);
    });
  }
  return Object.is(written, readBack) ? [] : [`${path}: ${JSON.stringify(readBack)}`];
}
