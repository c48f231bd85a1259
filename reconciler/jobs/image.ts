/** Parts of an image's name, as upstream's Functions put them together again. Pure. */

export interface ImageParts {
  /** Everything before the last slash. */
  readonly registry: string;
  readonly name: string;
  readonly tag: string;
}

/** Of the parts `registry/name:tag` gives the same image; what is left out gets the default that a registry has. */
export function splitImage(image: string): ImageParts {
  const [reference = "", digest] = image.split("@", 2);
  const slash = reference.lastIndexOf("/");
  const colon = reference.indexOf(":", slash + 1);
  const name = reference.slice(slash + 1, colon < 0 ? undefined : colon);
  const tag = colon < 0 ? "latest" : reference.slice(colon + 1);
  return {
    registry: slash < 0 ? "docker.io/library" : reference.slice(0, slash),
    name,
    // A digest decides whatever the tag before it says.
    tag: digest === undefined ? tag : `${tag}@${digest}`,
  };
}

/** The image as a Function writes it that has upstream's three variables. */
export function joinImage({ registry, name, tag }: ImageParts): string {
  return `${registry}/${name}:${tag}`;
}
