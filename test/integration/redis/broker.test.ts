/** `RedisBroker` with a Redis that works: what goes through it, what is appended by hand, what is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RedisBroker, type RedisBrokerOptions } from 'usanic/redis'
import { Sse, type SseOptions } from 'usanic/sse'
import { CuttableProxy } from '../../support/cuttable-proxy.js'
import { eventually } from '../../support/eventually.js'
import { freePort } from '../../support/free-port.js'
import { freshApp } from '../../support/fresh-app.js'
import { QuietLogger } from '../../support/quiet-logger.js'
import { RedisServer, hasRedis } from '../../support/redis-server.js'
import { SseApp } from '../../support/sse-app.js'

describe.runIf(hasRedis)('with a Redis', () => {
  let redis: RedisServer
  let count = 0
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  /** A prefix that no other test has. */
  const newPrefix = () => `test-${++count}`
  const node = (
    prefix: string,
    options: SseOptions = {},
    more: RedisBrokerOptions = {},
    logger = new QuietLogger(),
  ) =>
    SseApp.start({
      broker: new RedisBroker({ url: redis.url, prefix, logger, ...more }),
      history: {},
      ...options,
    })
  const streamOf = async (prefix: string) =>
    `${prefix}:log:${await redis.ask('HGET', `${prefix}:epoch`, 'epoch')}`
  const append = async (prefix: string, ...fields: string[]) =>
    redis.ask('XADD', await streamOf(prefix), 'NOMKSTREAM', 'MAXLEN', '~', '10000', '0-*', ...fields)

  it('an event reaches the streams of every node, and the recipients are those of the sender', async () => {
    const prefix = newPrefix()
    await using one = await node(prefix)
    await using two = await node(prefix)
    const [here, there] = [await one.client.sse('/sse'), await two.client.sse('/sse?channel_id=news')]
    await two.client.sse('/sse')
    expect(await one.sse.send('hello')).toBe(1)
    expect(
      await one.sse.send({ no: 7 }, { channelId: 'news', eventId: 'n7', event: 'item', retry: 500 }),
    ).toBe(0)
    expect(await here.next()).toMatchObject({ data: 'hello' })
    expect(await there.next()).toMatchObject({ data: 'hello' })
    expect(await there.next()).toMatchObject({ data: '{"no":7}', event: 'item', lastEventId: 'n7' })
  })

  it('a client resumes on another node, also one that was started later', async () => {
    const prefix = newPrefix()
    await using one = await node(prefix)
    const before = one.sse.cursor()
    await one.sse.send('missed')
    await using two = await node(prefix)
    expect(two.sse.cursor()).toBe(one.sse.cursor())
    const events = await two.client.sse(`/sse?lastEventId=${before}`)
    expect(await events.next()).toMatchObject({ event: 'sse.recovered', data: '{"count":1}' })
    expect(await events.next()).toMatchObject({ data: 'missed' })
  })

  it('without history events have no ids, and no channel is unknown', async () => {
    const prefix = newPrefix()
    await using one = await SseApp.start({ broker: new RedisBroker({ url: redis.url, prefix }) })
    const events = await one.client.sse('/sse')
    expect(await one.sse.send('to others', { channelId: 'news' })).toBe(0)
    expect(await one.sse.send('hello')).toBe(1)
    expect(await events.next()).toMatchObject({ data: 'hello', lastEventId: '' })
  })

  it('what is appended by hand arrives like any other', async () => {
    const prefix = newPrefix()
    await using one = await node(prefix)
    const events = await one.client.sse('/sse?channel_id=news')
    const fields = { channel: 'news', data: 'two\nlines', event: 'item', id: 'n1', retry: '700' }
    expect(await append(prefix, ...Object.entries(fields).flat())).toBe('0-1')
    expect(await append(prefix, 'data', 'to everybody')).toBe('0-2')
    expect(await one.sse.send('sent')).toBe(1)
    expect(await events.next()).toMatchObject({ data: 'two\nlines', event: 'item', lastEventId: 'n1' })
    expect(await events.next()).toMatchObject({ data: 'to everybody' })
    expect(await events.next()).toMatchObject({ data: 'sent' })
    expect(events.parser.lastEventId).toBe(one.sse.cursor())
  })

  it.each([
    ['without data', ['channel', 'news']],
    ['with a name of the server’s own', ['data', 'x', 'event', 'sse.reset']],
    ['with a retry that is no number', ['data', 'x', 'retry', 'soon']],
  ])('what is appended by hand %s reaches nobody, and is logged', async (_, fields) => {
    const prefix = newPrefix()
    const logger = new QuietLogger()
    await using one = await node(prefix, {}, {}, logger)
    const events = await one.client.sse('/sse')
    await append(prefix, ...fields)
    await one.sse.send('after')
    expect(await events.next()).toMatchObject({ data: 'after' })
    expect(logger.of('warn')).toEqual([expect.stringContaining('is no event')])
  })

  it('what is appended with an id of another kind ends the log: clients are told, and a new one begins', async () => {
    const prefix = newPrefix()
    await using one = await node(prefix)
    const events = await one.client.sse('/sse')
    await redis.ask('XADD', await streamOf(prefix), '*', 'data', 'oops')
    expect(await events.next()).toMatchObject({ event: 'sse.reset' })
    await eventually(() => one.sse.stats.reset.epoch === 1, 'the reset is counted')
    expect(await one.sse.send('goes on')).toBe(1)
    expect(await events.next()).toMatchObject({ data: 'goes on' })
  })

  it('Redis keeps some more than maxEvents', async () => {
    const prefix = newPrefix()
    await using one = await node(prefix, {}, { history: { maxEvents: 100 } })
    await Promise.all(Array.from({ length: 1000 }, (_, i) => one.sse.send(`event ${i}`)))
    const length = Number((await redis.ask('XLEN', await streamOf(prefix))).slice(1))
    expect(length).toBeGreaterThanOrEqual(100)
    expect(length).toBeLessThan(400)
  })

  it('beyond maxPending a send is refused at once, and the others are stored', async () => {
    await using one = await node(newPrefix(), {}, { maxPending: 10 })
    const sends = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => one.sse.send(`event ${i}`)))
    expect(sends.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(sends.slice(10)).toEqual(
      Array.from({ length: 2 }, () => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'ERR_BROKER_FULL' }) as Error,
      })),
    )
  })

  it('an event that Redis refuses is an error with its reason', async () => {
    const prefix = newPrefix()
    await using one = await node(prefix)
    await redis.ask('CONFIG', 'SET', 'maxmemory', '1')
    try {
      await expect(one.sse.send('too much')).rejects.toMatchObject({
        code: 'ERR_BROKER_REFUSED',
        message: expect.stringContaining('OOM') as string,
      })
    } finally {
      await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
    }
  })

  it('a server that stops and listens again goes on with the same log', async () => {
    const prefix = newPrefix()
    const { app } = freshApp()
    const sse = new Sse(app, { broker: new RedisBroker({ url: redis.url, prefix }), history: {} })
    await app.listen({ port: 0 })
    await sse.send('one')
    const cursor = sse.cursor()
    await app.stop()
    await expect(sse.send('too late')).rejects.toMatchObject({ code: 'ERR_SSE_STOPPED' })
    await append(prefix, 'data', 'meanwhile')
    await app.listen({ port: 0 })
    expect(sse.cursor()).toBe(cursor.replace(/\.1$/, '.2'))
    await app.stop()
  })

  it.each([
    ['may do what the documentation lists', '+client|kill', 0],
    ['may not end connections', '-client|kill', 'ERR_BROKER_TIMEOUT'],
  ])('a user who %s goes on after a cut', async (_, kill, outcome) => {
    const prefix = newPrefix()
    const user = `user-${prefix}`
    const commands =
      '+eval +info +client|info +xadd +xread +xrange +xinfo +xgroup +hmget +hset +exists +unlink'.split(' ')
    await redis.ask('ACL', 'SETUSER', user, 'on', '>secret', `~${prefix}:*`, ...commands, kill)
    await using proxy = await CuttableProxy.start(redis.port)
    const url = `redis://${user}:secret@127.0.0.1:${proxy.port}`
    await using one = await node(prefix, {}, { url })
    expect(await one.sse.send('hello')).toBe(0)
    const underWay = one.sse.send('under way').catch((error: unknown) => (error as { code: string }).code)
    proxy.cut()
    proxy.restore()
    expect(await underWay).toBe(outcome)
    expect(await one.sse.send('after')).toBe(0)
  })

  it('a wrong password stops the start, and is not told', async () => {
    const url = `redis://somebody:secret@127.0.0.1:${redis.port}`
    const refused = node(newPrefix(), {}, { url }).catch((error: unknown) => String(error))
    expect(await refused).toMatch(/^UsanicError: .*WRONGPASS/)
    expect(await refused).not.toContain('secret')
  })

  it('a key that is somebody else’s stops the start', async () => {
    const prefix = newPrefix()
    await redis.ask('SET', `${prefix}:epoch`, 'text')
    await expect(node(prefix)).rejects.toMatchObject({
      code: 'ERR_BROKER_CONNECT',
      message: expect.stringContaining('WRONGTYPE') as string,
    })
  })
})

describe('without a Redis', () => {
  it('a server does not start, and says why', async () => {
    const { app } = freshApp()
    const url = `redis://127.0.0.1:${await freePort()}`
    new Sse(app, { broker: new RedisBroker({ url, logger: new QuietLogger() }) })
    await expect(app.listen({ port: 0 })).rejects.toMatchObject({
      code: 'ERR_BROKER_CONNECT',
      message: expect.stringContaining('ECONNREFUSED') as string,
    })
  })

  it('a send before the start is an error', async () => {
    const { app } = freshApp()
    const sse = new Sse(app, { broker: new RedisBroker() })
    await expect(sse.send('too early')).rejects.toMatchObject({ code: 'ERR_BROKER_STOPPED' })
  })

  it('a broker belongs to one Sse', () => {
    const broker = new RedisBroker()
    new Sse(freshApp().app, { broker })
    expect(() => new Sse(freshApp().app, { broker })).toThrow(
      expect.objectContaining({ code: 'ERR_BROKER_IN_USE' }),
    )
  })

  it.each([
    ['an unknown option', { urls: 'x' }, /url/],
    ['a url of another kind', { url: 'http://secret@x' }, /url is another text; it must be/],
    ['an empty prefix', { prefix: '' }, /prefix is ""/],
    ['a bound of 0', { maxPending: 0 }, /maxPending is 0; it must be a whole number/],
    ['a deadline of a fraction', { commandTimeoutMs: 0.5 }, /commandTimeoutMs/],
    ['a history that is a number', { history: 100 }, /history is 100/],
    ['a history with an unknown bound', { history: { maxAge: 1 } }, /maxEvents/],
    ['a word for a boolean', { trustRestart: 'yes' }, /trustRestart is "yes"/],
  ])('%s is a TypeError', (_, options, message) => {
    const make = () => new RedisBroker(options as RedisBrokerOptions) // reason: wrong on purpose
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })

  const act = () => 0
  it.each([
    ['a text', 'redis://localhost', /broker is string; it must be a broker/],
    ['an object without append()', { start: act, stop: act, isShared: true }, /without append\(\)/],
    ['an object that does not say whether it is shared', { start: act, append: act, stop: act }, /isShared/],
  ])('%s is no broker', (_, broker, message) => {
    expect(() => new Sse(freshApp().app, { broker: broker as never })).toThrow(message) // reason: wrong on purpose
  })
})
