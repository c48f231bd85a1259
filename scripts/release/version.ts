/** What a release is called, and what its notes say. Pure. */

/** Of semver.org, without build metadata, which no tag of an image can hold. */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?$/;

export interface ImageName {
  /** Such as `registry.example.com:5000`. */
  readonly registry: string;
  /** Such as `team/stash-batch`. */
  readonly repository: string;
  readonly version: string;
}

/** @throws Error for a name without registry, or whose tag is no version */
export function parseImageName(image: string): ImageName {
  const [, registry, repository, version] = /^([^/]+)\/(.+):([^/:]+)$/.exec(image) ?? [];
  if (registry === undefined || repository === undefined || version === undefined) {
    throw new Error(`--image ${image} is not REGISTRY/NAME:VERSION`);
  }
  if (!/[.:]/.test(registry) && registry !== "localhost") {
    throw new Error(`--image ${image} names no registry: it would be looked for on Docker Hub`);
  }
  if (!SEMVER.test(version)) throw new Error(`--image ${image}: ${version} is no version such as 1.2.3 or 1.2.3-rc.1`);
  return { registry, repository, version };
}

export function isPrerelease(version: string): boolean {
  return version.includes("-");
}

/** @throws Error when the version is neither the project's nor one before it */
export function checkVersion(version: string, projectVersion: string): void {
  const [released] = version.split("-");
  if (released !== projectVersion) {
    throw new Error(`version ${version} is not that of package.json, ${projectVersion}: set it there first`);
  }
}

/**
 * What CHANGELOG.md says of a version. One before a release has the section of that release, or what is not released yet.
 *
 * @throws Error when it has nothing to say
 */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const textOf = (title: string) => {
    const section = sections.find((one) => one.split("\n")[0]?.split(" ")[0] === title);
    return section?.slice(section.indexOf("\n")).trim();
  };
  const [release = ""] = version.split("-");
  const titles = isPrerelease(version) ? [version, release, "Unreleased"] : [version];
  const text = titles.map(textOf).find(Boolean);
  if (text) return text;
  const wanted = titles.map((title) => `"## ${title}"`).join(" or ");
  throw new Error(`CHANGELOG.md has no section ${wanted} that says something`);
}
