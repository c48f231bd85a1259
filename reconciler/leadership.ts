/** The controllers while this process leads: started together, stopped together, made anew for each leadership. */
import { messageOf } from "../shared/errors.ts";
import type { Logger } from "../shared/log.ts";
import type { Controller } from "./controller.ts";

export class Leadership {
  readonly #create: () => readonly Controller[];
  readonly #log: Logger;
  readonly #fail: (code: number) => void;
  #controllers: readonly Controller[] = [];
  /** Beginnings and ends, one after another. */
  #turn: Promise<void> = Promise.resolve();
  #isLeading = false;

  /** @param fail ends the process: a leader whose controllers don't start must make room */
  constructor(create: () => readonly Controller[], log: Logger, fail: (code: number) => void) {
    this.#create = create;
    this.#log = log;
    this.#fail = fail;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  begin(): Promise<void> {
    this.#isLeading = true;
    return this.#next(async () => {
      this.#controllers = this.#create();
      for (const controller of this.#controllers) await controller.start();
      this.#log.info({ controllers: this.#controllers.map(({ name }) => name) }, "leading");
    });
  }

  end(): Promise<void> {
    this.#isLeading = false;
    return this.#next(async () => {
      const controllers = this.#controllers;
      this.#controllers = [];
      await Promise.all(controllers.map((controller) => controller.stop()));
    });
  }

  #next(task: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(task).catch((error: unknown) => {
      this.#log.error({ error: messageOf(error) }, "controllers failed");
      this.#fail(1);
    });
    return this.#turn;
  }
}
