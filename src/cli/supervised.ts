/** The server's side of `--dev`: it stops in order when the supervising process says so or is gone. */

/** The part of an application that this needs. */
interface Stoppable {
  stop(): Promise<void>
}

/** What the supervisor sends. */
export const STOP = 'usanic:stop'

/** Stops `app` at the supervisor's word. A second signal from the terminal still forces the end. */
export function stopWithSupervisor(app: Stoppable): void {
  const stop = () => {
    app.stop().catch(() => process.exit(1))
  }
  process.on('message', (message) => {
    if (message === STOP) stop()
  })
  process.on('disconnect', stop)
}
