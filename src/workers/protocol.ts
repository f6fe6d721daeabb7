/**
 * What a supervisor and its workers say to each other: the role by the environment at the start, then messages over
 * node's IPC. A program may send messages of its own there; both sides pass by what is not theirs.
 */

/** The variable that makes a process a worker; it is taken out of the environment before the program runs. */
export const ROLE_VARIABLE = 'USANIC_WORKER'

/** The descriptor of a worker's connection to the log: a socket pair, so there is no path that others could open. */
export const LOG_DESCRIPTOR = 4

/** What a worker is told when it starts. */
export interface WorkerRole {
  /** From 1 to the number of workers; a replacement has that of the worker before it. */
  readonly id: number
  /** Whether it is the first of all: nobody else may have the port yet. */
  readonly isFirst: boolean
  /** The port that the first has got, for programs that ask for any. */
  readonly port?: number
  /** How often to say that the event loop turns, in milliseconds. */
  readonly heartbeatMs: number
  /** Whether the supervisor is the command, which knows nothing of the program. */
  readonly isOfCommand: boolean
}

/** What a worker tells once it listens. */
export interface Listening {
  /** Where, as a person would write it. */
  readonly url: string
  readonly port: number
  /** How long its stop may take, in milliseconds. */
  readonly stopMs: number
}

/** Supervisor to worker: stop in order. */
export const STOP = 'usanic:stop'
/** Worker to supervisor: the event loop turns. */
export const ALIVE = 'usanic:alive'
const LISTENING = 'usanic:listening'

/** The message that says so. */
export function listeningMessage(listening: Listening): object {
  return { type: LISTENING, ...listening }
}

/** What a message says, if it is that one. */
export function readListening(message: unknown): Listening | undefined {
  const given = message as (Partial<Listening> & { type?: unknown }) | null | undefined // reason: looked at with care
  if (given?.type !== LISTENING) return undefined
  const { url = '', port = 0, stopMs = 0 } = given
  return { url, port, stopMs }
}
