/** Tasks: when they begin, how they are found and ended, and what a stop does with them. */
import { expect, test } from 'vitest'
import { freshApp } from '../../support/fresh-app.js'

/** Ends when `signal` aborts, with its reason. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error)
    })
  })
}

test('a task added before the start begins with it, at every start, with the application', async () => {
  const { app } = freshApp()
  const seen: unknown[] = []
  app.addTask((self) => void seen.push(self === app))
  app.beforeServerStart(() => void seen.push('start'))
  expect(seen).toEqual([])
  for (let run = 0; run < 2; run++) {
    await app.listen({ port: 0 })
    await app.stop()
  }
  expect(seen).toEqual(['start', true, 'start', true])
})

test('a task added later begins at once, is found by its name, and leaves when it has ended', async () => {
  const { app } = freshApp()
  await app.listen({ port: 0 })
  let end = (): void => undefined
  app.addTask(() => new Promise<void>((resolve) => (end = resolve)), { name: 'work' })
  await new Promise(setImmediate)
  const task = app.getTask('work')
  expect([app.tasks.length, task?.name]).toEqual([1, 'work'])
  end()
  await task?.done
  expect([app.tasks, app.getTask('work')]).toEqual([[], undefined])
  await app.stop()
})

test('cancelling aborts its signal and waits for its end, without a word in the log', async () => {
  const { app, logger } = freshApp()
  await app.listen({ port: 0 })
  let reason: unknown
  app.addTask(
    async (_app, signal) => {
      await untilAborted(signal).catch((error: unknown) => {
        reason = error
        throw error
      })
    },
    { name: 'work' },
  )
  await new Promise(setImmediate)
  await app.cancelTask('work', 'enough')
  expect([reason, app.getTask('work'), logger.of('error')]).toEqual(['enough', undefined, []])
  await app.cancelTask('work') // there is none: nothing happens
  await app.stop()
})

test('one that fails is logged and ends nothing', async () => {
  const { app, logger } = freshApp()
  await app.listen({ port: 0 })
  app.addTask(
    () => {
      throw new Error('no')
    },
    { name: 'broken' },
  )
  await app.getTask('broken')?.done
  expect(logger.messages.map(({ message, details }) => [message, details])).toEqual([
    [`The task broken of "${app.name}" failed`, { err: new Error('no') }],
  ])
  await app.stop()
})

test('a stop cancels all after the last answer and before the last listeners', async () => {
  const { app } = freshApp()
  const calls: string[] = []
  app.addTask(async (_app, signal) => {
    await untilAborted(signal).catch(() => undefined)
    calls.push('task')
  })
  app.beforeServerStop(() => void calls.push('before'))
  app.afterServerStop(() => void calls.push('after'))
  await app.listen({ port: 0 })
  await new Promise(setImmediate)
  await app.stop()
  expect(calls).toEqual(['before', 'task', 'after'])
})

test('a stop gives up on one that does not listen to its signal', { timeout: 5000 }, async () => {
  const { app, logger } = freshApp({ config: { GRACEFUL_SHUTDOWN_TIMEOUT: 0.05 } })
  app.addTask(() => new Promise<void>(() => undefined))
  await app.listen({ port: 0 })
  await new Promise(setImmediate)
  await app.stop()
  expect(logger.of('warn')).toEqual([
    `cancelling the tasks of "${app.name}" was not done within the stop's deadline`,
  ])
})

test('a name that is taken, or what is no function, is refused', async () => {
  const { app } = freshApp()
  app.addTask(() => undefined, { name: 'work' })
  expect(() => {
    app.addTask(() => undefined, { name: 'work' })
  }).toThrow(expect.objectContaining({ code: 'ERR_TASK_EXISTS' }))
  expect(() => {
    app.addTask(Promise.resolve() as never)
  }).toThrow('it takes a function')
  app.addTask(() => undefined)
  app.addTask(() => undefined)
  await app.stop()
})
