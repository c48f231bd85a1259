/** The list of what the bundles are made of, as CycloneDX has it, from package-lock.json. Pure. */
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";

const FOLDER = "node_modules/";

/**
 * @param lock parsed package-lock.json
 * @param version of the release
 * @throws Error for a package without a sum
 */
export function buildContentsList(lock: unknown, version: string): object {
  const packages = valueAt(lock, "packages");
  const entries = isJsonObject(packages) ? Object.entries(packages) : [];
  const product = entries.find(([path]) => path === "")?.[1];
  const libraries = entries.filter(([path, entry]) => path !== "" && valueAt(entry, "dev") !== true);
  const components = new Map(
    libraries.map(([path, entry]) => {
      const component = componentOf(path, entry);
      return [component.purl, component];
    }),
  );
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        "bom-ref": "stash-batch",
        type: "application",
        name: textAt(product, "name"),
        version,
        licenses: licencesOf(product),
      },
    },
    components: [...components.values()].toSorted((a, b) => (a.purl < b.purl ? -1 : 1)),
  };
}

function componentOf(path: string, entry: unknown) {
  // An alias has the package's own name beside the folder's.
  const name = textAt(entry, "name") ?? path.slice(path.lastIndexOf(FOLDER) + FOLDER.length);
  const version = textAt(entry, "version") ?? "";
  const [algorithm, sum] = (textAt(entry, "integrity") ?? "").split("-");
  if (algorithm !== "sha512" || sum === undefined) throw new Error(`${path} has no sum in package-lock.json`);
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    "bom-ref": purl,
    type: "library",
    name,
    version,
    purl,
    hashes: [{ alg: "SHA-512", content: Buffer.from(sum, "base64").toString("hex") }],
    licenses: licencesOf(entry),
  };
}

function licencesOf(entry: unknown): readonly object[] {
  const expression = textAt(entry, "license");
  return expression === undefined ? [] : [{ expression }];
}
