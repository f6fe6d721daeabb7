/** The priority of listeners. The order without one, and failures, are in `lifecycle.test.ts`. */
import { expect, test } from 'vitest'
import { Blueprint, LIFECYCLE_EVENTS } from 'usanic'
import { answersOf, freshApp } from '../../support/fresh-app.js'

test('listeners run by priority, the application before its blueprints, then as registered; at the stop in reverse', async () => {
  const { app } = freshApp()
  const bp = new Blueprint('bp')
  const calls: string[] = []
  for (const event of LIFECYCLE_EVENTS) {
    const note = (name: string) => () => void calls.push(`${event} ${name}`)
    app.listener(event)(note('first'))
    app.listener(event, { priority: 2 })(note('second'))
    bp.listener(event)(note('bp_first'))
    bp.listener(event, { priority: 2 })(note('bp_second'))
    bp.listener(event, { priority: 3 })(note('bp_third'))
  }
  app.beforeServerStart(() => void calls.push('before_server_start third'), { priority: 3 })
  app.blueprint(bp)
  app.beforeServerStart(() => void calls.push('before_server_start fourth'))
  await answersOf(app)
  const started = calls.filter((call) => call.startsWith('before_server_start'))
  // From Sanic's guide, "Listeners: priority".
  expect(started.map((call) => call.split(' ')[1])).toEqual([
    'third',
    'bp_third',
    'second',
    'bp_second',
    'first',
    'fourth',
    'bp_first',
  ])
  const stopped = calls.filter((call) => call.startsWith('after_server_stop'))
  expect(stopped.map((call) => call.split(' ')[1])).toEqual([
    'bp_first',
    'first',
    'bp_second',
    'second',
    'bp_third',
  ])
})

test('a listener that a listener registers for the same event gets its turn, once', async () => {
  const { app } = freshApp()
  const calls: string[] = []
  app.beforeServerStart((self) => {
    calls.push('outer')
    self.beforeServerStart(() => void calls.push('inner'))
    self.beforeServerStart(() => void calls.push('urgent'), { priority: 1 })
  })
  app.beforeServerStart(() => void calls.push('last'))
  await answersOf(app)
  expect(calls.toSorted()).toEqual(['inner', 'last', 'outer', 'urgent'])
})

test('a priority that is no number is refused', () => {
  const { app } = freshApp()
  expect(() => {
    app.beforeServerStart(() => undefined, { priority: Number.NaN })
  }).toThrow('priority is NaN')
})
