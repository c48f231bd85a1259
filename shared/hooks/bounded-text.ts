/** Keeps the beginning and the end of a long text: what a hook printed, as far as a status has room for it. */

/** Characters kept of each end. */
const KEPT_EACH_END = 4_096;

export interface BoundedText {
  add(text: string): void;
  /** All of it when it is short, else both ends with a note of what is left out between. */
  text(): string;
}

export function createBoundedText(each: number = KEPT_EACH_END): BoundedText {
  let start = "";
  let end = "";
  let length = 0;
  return {
    add(text) {
      length += text.length;
      const room = each - start.length;
      start += text.slice(0, Math.max(0, room));
      end = (end + text.slice(Math.max(0, room))).slice(-each);
    },
    text() {
      const left = length - start.length - end.length;
      return left <= 0 ? start + end : `${start}\n... ${left} characters left out ...\n${end}`;
    },
  };
}

/** Both ends of a long text; a short one as it is. */
export function keepEnds(text: string): string {
  const kept = createBoundedText();
  kept.add(text);
  return kept.text();
}
