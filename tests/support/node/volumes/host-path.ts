/** hostPath volumes: what their `type` asks for is made or checked before the pod starts. */
import { mkdir, realpath, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * @returns the path without symbolic links
 * @throws Error when there is something else at the path than the type says
 */
export async function prepareHostPath(path: string, type: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  switch (type) {
    case "":
    case "DirectoryOrCreate":
      if (found === undefined) await mkdir(path, { recursive: true, mode: 0o755 });
      else if (type !== "" && !found.isDirectory())
        throw new Error(`hostPath type check failed: ${path} is not a directory`);
      break;
    case "FileOrCreate":
      if (found === undefined) {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, "");
      } else if (!found.isFile()) throw new Error(`hostPath type check failed: ${path} is not a file`);
      break;
    case "Directory":
    case "File":
    case "Socket":
    case "CharDevice":
    case "BlockDevice": {
      const isRight =
        (type === "Directory" && found?.isDirectory()) ||
        (type === "File" && found?.isFile()) ||
        (type === "Socket" && found?.isSocket()) ||
        (type === "CharDevice" && found?.isCharacterDevice()) ||
        (type === "BlockDevice" && found?.isBlockDevice());
      if (isRight !== true) throw new Error(`hostPath type check failed: ${path} is not a ${type}`);
      break;
    }
    default:
      throw new Error(`unknown hostPath type ${type}`);
  }
  return await realpath(path);
}
