/** The pages of `kubectl stash ui` on the demo's cluster, to look on while the story runs. */
import { messageOf } from "../../shared/errors.ts";
import type { UiProcess } from "../../tests/support/cli/ui-process.ts";
import type { Teller } from "./terminal/teller.ts";

/** Tells the address, which is good where no browser starts, too. The story goes on without them, whatever happens to them. */
export async function openPages(
  start: () => Promise<UiProcess>,
  teller: Pick<Teller, "say">,
): Promise<UiProcess | undefined> {
  try {
    const pages = await start();
    teller.say(`look on, in one browser: ${pages.address}`);
    return pages;
  } catch (error) {
    teller.say(`there are no pages to look on with: ${messageOf(error)}`);
    return undefined;
  }
}
