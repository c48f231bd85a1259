/** The version of everything here, as package.json has it. */
export async function readProductVersion(): Promise<string> {
  return (await import("../package.json", { with: { type: "json" } })).default.version;
}
