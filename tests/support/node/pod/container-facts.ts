/** What is known of one container of a pod; the supervisor writes it, the status is built from it. */

export interface WaitingState {
  readonly kind: "waiting";
  readonly reason: string;
  readonly message?: string;
}

export interface RunningState {
  readonly kind: "running";
  readonly startedAt: string;
  readonly containerId: string;
}

export interface TerminatedState {
  readonly kind: "terminated";
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerId: string;
}

export interface ContainerFacts {
  readonly name: string;
  readonly image: string;
  readonly state: WaitingState | RunningState | TerminatedState;
  readonly last?: TerminatedState;
  readonly restartCount: number;
  readonly isReady: boolean;
  readonly isStarted: boolean;
}
