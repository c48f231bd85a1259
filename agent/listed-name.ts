/**
 * A name in the form in which what restic lists and what lies on the disk can be compared. Bytes that are no text become U+FFFD, and
 * programs differ in how many of them they write: runs count as one.
 */
export function comparableName(name: string): string {
  return name.replace(/\ufffd+/g, "\ufffd");
}
