/** Texts that others wrote, made safe to print: a pod's log or an object's message may hold signs that steer a terminal. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Without the signs that move the cursor, change colours or the title. Line ends and tabs stay. */
export function plainText(text: string): string {
  return text.replace(STEERING, "\ufffd");
}
