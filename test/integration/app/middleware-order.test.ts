/** In which order middleware meets requests and responses. */
import { describe, expect, it, test } from 'vitest'
import { Blueprint, text } from 'usanic'
import { answersOf, freshApp } from '../../support/fresh-app.js'

/** From Sanic's test_middleware_priority: the expected order of three, and their priorities. */
const PRIORITIES: readonly (readonly [order: number[], priorities: (number | undefined)[]])[] = [
  [
    [0, 1, 2],
    [1, 1, 1],
  ],
  [
    [0, 1, 2],
    [1, 1, undefined],
  ],
  [
    [0, 1, 2],
    [1, undefined, undefined],
  ],
  [
    [0, 1, 2],
    [2, 1, undefined],
  ],
  [
    [0, 1, 2],
    [2, 2, undefined],
  ],
  [
    [0, 1, 2],
    [3, 2, 1],
  ],
  [
    [0, 1, 2],
    [undefined, undefined, undefined],
  ],
  [
    [0, 2, 1],
    [1, undefined, 1],
  ],
  [
    [0, 2, 1],
    [2, undefined, 1],
  ],
  [
    [0, 2, 1],
    [2, undefined, 2],
  ],
  [
    [0, 2, 1],
    [3, 1, 2],
  ],
  [
    [1, 0, 2],
    [1, 2, undefined],
  ],
  [
    [1, 0, 2],
    [2, 3, 1],
  ],
  [
    [1, 0, 2],
    [undefined, 1, undefined],
  ],
  [
    [1, 2, 0],
    [1, 3, 2],
  ],
  [
    [1, 2, 0],
    [undefined, 1, 1],
  ],
  [
    [1, 2, 0],
    [undefined, 2, 1],
  ],
  [
    [1, 2, 0],
    [undefined, 2, 2],
  ],
  [
    [2, 0, 1],
    [1, undefined, 2],
  ],
  [
    [2, 0, 1],
    [2, 1, 3],
  ],
  [
    [2, 0, 1],
    [undefined, undefined, 1],
  ],
  [
    [2, 1, 0],
    [1, 2, 3],
  ],
  [
    [2, 1, 0],
    [undefined, 1, 2],
  ],
]

describe('the order', () => {
  it.each(PRIORITIES)(
    'of requests is %j for priorities %j, and of responses the reverse',
    async (order, given) => {
      const { app } = freshApp()
      const requests: number[] = []
      const responses: number[] = []
      given.forEach((priority, index) => {
        const options = priority === undefined ? {} : { priority }
        app.onRequest(() => void requests.push(index), options)
        app.onResponse(() => void responses.push(index), options)
      })
      app.get('/', () => text('x'))
      await answersOf(app, '/')
      expect(requests).toEqual(order)
      expect(responses.toReversed()).toEqual(order)
    },
  )

  test('holds when some are asynchronous: each is awaited before the next', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const later = async (call: string) => {
      await new Promise(setImmediate)
      calls.push(call)
    }
    app.onRequest(() => void calls.push('request 1'))
    app.onRequest(() => later('request 2'))
    app.onRequest(() => void calls.push('request 3'))
    app.onResponse(() => void calls.push('response 1'))
    app.onResponse(() => later('response 2'))
    app.get('/', async () => {
      await later('handler')
      return text('x')
    })
    await answersOf(app, '/')
    expect(calls).toEqual(['request 1', 'request 2', 'request 3', 'handler', 'response 2', 'response 1'])
  })

  test('is by declaration across an application and its blueprints', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const blueprint = new Blueprint('bp', { urlPrefix: '/bp' })
    blueprint.onRequest(() => void calls.push('bp, first'))
    app.onRequest(() => void calls.push('app'))
    blueprint.onRequest(() => void calls.push('bp, second'))
    blueprint.onRequest(() => void calls.push('bp, urgent'), { priority: 1 })
    blueprint.get('/', () => text('x'))
    app.blueprint(blueprint)
    await answersOf(app, '/bp')
    expect(calls).toEqual(['bp, urgent', 'bp, first', 'app', 'bp, second'])
  })
})
