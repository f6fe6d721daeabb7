/**
 * Tasks: work beside requests, with a name to find it by and an AbortSignal to end it by.
 *
 * A task is in the books until its function has ended, whether it was cancelled or not; a stop cancels all and waits
 * for them up to its deadline. What is added before the start begins with it, and again with every later start.
 */
import { UsanicError } from '../base/errors.js'

/** The work of a task; `signal` aborts when it is cancelled or the application stops. */
export type TaskFunction<A> = (app: A, signal: AbortSignal) => void | Promise<void>

/** A running task. */
export interface Task {
  /** `undefined` for one without a name. */
  readonly name: string | undefined
  /** Resolves when the function has ended, however it did; errors go to the log. */
  readonly done: Promise<void>
  /** Aborts the signal; resolves as `done` does. */
  cancel(reason?: unknown): Promise<void>
}

interface Planned<A> {
  readonly work: TaskFunction<A>
  readonly name: string | undefined
}

/** The tasks of one application. */
export class Tasks<A> {
  readonly #app: A
  readonly #onError: (error: unknown, name: string) => void
  readonly #planned: Planned<A>[] = []
  readonly #running = new Set<Task>()
  readonly #named = new Map<string, Task>()
  #isStarted = false

  /** `onError` hears of every task that fails, but for those that end by being cancelled. */
  constructor(app: A, onError: (error: unknown, name: string) => void) {
    this.#app = app
    this.#onError = onError
  }

  /** The tasks that run. */
  get all(): readonly Task[] {
    return [...this.#running]
  }

  /** Begins a task, now or at every start from the next on. Throws `ERR_TASK_EXISTS` for a name that is taken. */
  add(work: TaskFunction<A>, name: string | undefined): void {
    if (typeof work !== 'function') {
      throw new TypeError(`addTask() got ${typeof work}; it takes a function (app, signal) => Promise<void>.`)
    }
    const isTaken = this.#named.has(name ?? '') || this.#planned.some((planned) => planned.name === name)
    if (name !== undefined && isTaken) {
      throw new UsanicError(
        'ERR_TASK_EXISTS',
        `There is a task named "${name}" already. Cancel it and await its end, or choose another name.`,
      )
    }
    if (this.#isStarted) this.#begin({ work, name })
    else this.#planned.push({ work, name })
  }

  /** The running task of that name. */
  get(name: string): Task | undefined {
    return this.#named.get(name)
  }

  /** The application starts. */
  start(): void {
    this.#isStarted = true
    for (const planned of this.#planned) this.#begin(planned)
  }

  /** The application stops: cancels every task and resolves when all have ended. */
  async stop(): Promise<void> {
    this.#isStarted = false
    const reason = new DOMException('The application stops', 'AbortError')
    await Promise.all(this.all.map((task) => task.cancel(reason)))
  }

  #begin({ work, name }: Planned<A>): void {
    const controller = new AbortController()
    const { signal } = controller
    const done = Promise.resolve()
      .then(() => work(this.#app, signal))
      .catch((error: unknown) => {
        if (!(signal.aborted && isAbort(error, signal))) this.#onError(error, name ?? work.name)
      })
      .finally(() => {
        this.#running.delete(task)
        if (name !== undefined) this.#named.delete(name)
      })
    const task: Task = {
      name,
      done,
      cancel: (reason?: unknown) => {
        controller.abort(reason)
        return done
      },
    }
    this.#running.add(task)
    if (name !== undefined) this.#named.set(name, task)
  }
}

/** Whether `error` says no more than that the task was cancelled. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}
