/** Names whose bytes are no UTF-8, as restic's JSON shows them. Pure. */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Go puts one replacement character in the place of each byte that begins no character. */
export function asShown(name: Buffer): string {
  let text = "";
  for (let at = 0; at < name.length; ) {
    const character = characterAt(name, at);
    text += character?.text ?? "\ufffd";
    at += character?.length ?? 1;
  }
  return text;
}

function characterAt(name: Buffer, at: number): { readonly text: string; readonly length: number } | undefined {
  const first = name[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    return { text: strict.decode(name.subarray(at, at + length)), length };
  } catch {
    return undefined;
  }
}
