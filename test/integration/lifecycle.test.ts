/**
 * The life of an application: listeners in Sanic's order, failures on the way, and a stop that waits for what is
 * under way, but not for ever.
 */
import { describe, expect, test, vi } from 'vitest'
import { App, LIFECYCLE_EVENTS, text, type LifecycleEvent } from 'usanic'
import { TestClient } from 'usanic/testing'
import { freePort } from '../support/free-port.js'
import { QuietLogger } from '../support/quiet-logger.js'

/** A promise to settle by hand. */
function gate(): { readonly opened: Promise<void>; open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** An application that writes down each call of two listeners per event. */
function noted(name: string, logger = new QuietLogger()): { app: App; calls: string[]; logger: QuietLogger } {
  const app = new App(name, { logger })
  const calls: string[] = []
  for (const event of LIFECYCLE_EVENTS) {
    for (const mark of ['first', 'second']) app.listener(event)(() => void calls.push(`${event} ${mark}`))
  }
  return { app, calls, logger }
}

const START = [
  'before_server_start first',
  'before_server_start second',
  'after_server_start first',
  'after_server_start second',
]
const STOP = [
  'before_server_stop second',
  'before_server_stop first',
  'after_server_stop second',
  'after_server_stop first',
]

describe('listeners', () => {
  test('run in order of registration at the start and in reverse at the stop, every time', async () => {
    const { app, calls } = noted('ordered')
    await app.listen({ port: 0 })
    expect(calls).toEqual(START)
    await app.stop()
    expect(calls).toEqual([...START, ...STOP])
    await app.listen({ port: 0 })
    await app.stop()
    expect(calls).toEqual([...START, ...STOP, ...START, ...STOP])
  })

  test('get the application, and each is awaited before the next', async () => {
    const app = new App('awaited')
    const calls: unknown[] = []
    app.beforeServerStart(async (given) => {
      await new Promise(setImmediate)
      calls.push(given === app)
    })
    app.beforeServerStart(() => void calls.push('next'))
    await app.listen({ port: 0 })
    expect(calls).toEqual([true, 'next'])
    await app.stop()
  })

  test('run around the time in which the server serves', async () => {
    const app = new App('serving', { logger: new QuietLogger() })
    const port = await freePort()
    const reach = () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        (response) => response.status,
        () => 'refused',
      )
    const seen: Partial<Record<LifecycleEvent, string | number>> = {}
    app.get('/', () => text('here'))
    for (const event of LIFECYCLE_EVENTS) app.listener(event)(async () => void (seen[event] = await reach()))
    await app.listen({ port })
    await app.stop()
    expect(seen).toEqual({
      before_server_start: 'refused',
      after_server_start: 200,
      before_server_stop: 200,
      after_server_stop: 'refused',
    })
  })

  test.each(['before_server_start', 'after_server_start'] as const)(
    'one that throws in %s rejects listen, runs the stop listeners, and leaves a later listen possible',
    async (event) => {
      const app = new App('failing', { logger: new QuietLogger() })
      const calls: string[] = []
      const port = await freePort()
      let isBroken = true
      app.get('/', () => text('here'))
      app.listener(event)(() => {
        if (isBroken) throw new Error('no database')
      })
      app.beforeServerStop(() => void calls.push('before_server_stop'))
      app.afterServerStop(() => void calls.push('after_server_stop'))
      await expect(app.listen({ port })).rejects.toThrow('no database')
      expect(calls).toEqual(['before_server_stop', 'after_server_stop'])
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
      isBroken = false
      await app.listen({ port })
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
      await app.stop()
      expect(calls).toHaveLength(4)
    },
  )

  test('one that throws at the stop is logged and ends nothing', async () => {
    const { app, calls, logger } = noted('stubborn')
    app.beforeServerStop(() => {
      throw new Error('cannot say goodbye')
    })
    app.afterServerStop(() => Promise.reject(new Error('cannot close')))
    await app.listen({ port: 0 })
    await app.stop()
    expect(calls).toEqual([...START, ...STOP])
    expect(logger.of('error')).toEqual(Array(2).fill('A stop listener of "stubborn" failed'))
    expect(logger.messages.map((entry) => entry.details)).toEqual([
      { err: new Error('cannot say goodbye') },
      { err: new Error('cannot close') },
    ])
  })

  test('one that never ends at the stop is given up with a warning', async () => {
    const logger = new QuietLogger()
    const app = new App('hanging', { logger, config: { GRACEFUL_SHUTDOWN_TIMEOUT: 0.05 } })
    app.beforeServerStop(() => new Promise<void>(() => undefined))
    await app.listen({ port: 0 })
    await app.stop()
    expect(logger.of('warn')).toEqual([
      `before_server_stop of "hanging" was not done within the stop's deadline`,
    ])
  })

  test('for an event that does not exist, or that are no functions, are refused', async () => {
    const app = new App('refusing')
    // @ts-expect-error there is no such event
    expect(() => app.listener('before_start')(() => undefined)).toThrow(
      'There is no event "before_start". Known:',
    )
    // @ts-expect-error not a function
    expect(() => app.beforeServerStart('later')).toThrow('The listener of before_server_start is string')
    await app.stop()
  })
})

describe('stop', () => {
  test('may be called twice, together or later, and runs its listeners once', async () => {
    const { app, calls } = noted('twice')
    await app.listen({ port: 0 })
    await Promise.all([app.stop(), app.stop()])
    await app.stop()
    expect(calls).toEqual([...START, ...STOP])
  })

  test('without listen does nothing but free the name', async () => {
    const { app, calls } = noted('idle')
    await app.stop()
    expect(calls).toEqual([])
    expect(() => App.getApp('idle')).toThrow(expect.objectContaining({ code: 'ERR_APP_NOT_FOUND' }))
  })

  test('during a start waits for it and then stops', async () => {
    const { app, calls } = noted('hasty')
    const start = gate()
    app.beforeServerStart(() => start.opened)
    const listening = app.listen({ port: 0 })
    const stopping = app.stop()
    start.open()
    const { port } = await listening
    await stopping
    expect(calls).toEqual([...START, ...STOP])
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
  })

  test('that a start listener awaits, and so itself, ends with an error instead of never', async () => {
    const app = new App('knot', { config: { GRACEFUL_SHUTDOWN_TIMEOUT: 0.1 }, logger: new QuietLogger() })
    app.afterServerStart((self) => self.stop())
    await expect(app.listen({ port: 0 })).rejects.toMatchObject({ code: 'ERR_APP_STATE' })
    await app.stop()
  })

  test('that a stop listener awaits returns at once, and the name is free only when all is closed', async () => {
    const { app } = noted('nested')
    let known: unknown
    app.beforeServerStop(async (self) => {
      await self.stop()
      known = App.getApp('nested')
    })
    await app.listen({ port: 0 })
    await app.stop()
    expect(known).toBe(app)
    expect(() => App.getApp('nested')).toThrow(expect.objectContaining({ code: 'ERR_APP_NOT_FOUND' }))
  })

  test('during a start that fails resolves', async () => {
    const app = new App('doomed')
    const start = gate()
    app.beforeServerStart(async () => {
      await start.opened
      throw new Error('no database')
    })
    const listening = app.listen({ port: 0 })
    const stopping = app.stop()
    start.open()
    await expect(listening).rejects.toThrow('no database')
    await stopping
  })

  test('closes the door, waits for the answer that is due, and sends it', async () => {
    const app = new App('patient')
    const arrived = gate()
    const answer = gate()
    app.get('/slow', async () => {
      arrived.open()
      await answer.opened
      return text('done')
    })
    const client = await TestClient.start(app)
    const pending = client.fetch('/slow')
    await arrived.opened
    const onStopped = vi.fn()
    const stopping = app.stop().then(onStopped)
    await expect(client.fetch('/slow')).rejects.toThrow('fetch failed')
    expect(onStopped).not.toHaveBeenCalled()
    answer.open()
    const response = await pending
    expect([await response.text(), response.headers.get('connection')]).toEqual(['done', 'close'])
    await stopping
  })

  test('drops a request that is not answered within GRACEFUL_SHUTDOWN_TIMEOUT', async () => {
    const app = new App('impatient', { config: { GRACEFUL_SHUTDOWN_TIMEOUT: 0.2 } })
    const arrived = gate()
    app.get('/never', () => {
      arrived.open()
      return new Promise<never>(() => undefined)
    })
    const client = await TestClient.start(app)
    const dropped = expect(client.fetch('/never')).rejects.toThrow('fetch failed')
    await arrived.opened
    const begun = performance.now()
    await app.stop()
    expect(performance.now() - begun).toBeGreaterThanOrEqual(199)
    await dropped
  })

  test('listen is refused while the application runs, starts or stops', async () => {
    const app = new App('busy')
    const refused = (state: string) => ({
      code: 'ERR_APP_STATE',
      message: `"busy" is ${state}; stop() it before another listen().`,
    })
    const listening = app.listen({ port: 0 })
    await expect(app.listen({ port: 0 })).rejects.toMatchObject(refused('starting'))
    await listening
    await expect(app.listen({ port: 0 })).rejects.toMatchObject(refused('running'))
    const stopping = app.stop()
    await expect(app.listen({ port: 0 })).rejects.toMatchObject(refused('stopping'))
    await stopping
    await app.listen({ port: 0 })
    await app.stop()
  })
})
