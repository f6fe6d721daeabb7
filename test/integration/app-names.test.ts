/** Applications by name: `App.getApp`, names that are taken, freed or not allowed. */
import { expect, test } from 'vitest'
import { App } from 'usanic'

test('getApp finds an application by its name, and the only one without', async () => {
  expect(() => App.getApp()).toThrow(
    expect.objectContaining({
      code: 'ERR_APP_NOT_FOUND',
      message: expect.stringContaining('new App(') as string,
    }),
  )
  const orders = new App('orders')
  expect(App.getApp()).toBe(orders)
  expect(App.getApp('orders')).toBe(orders)
  const users = new App('users')
  expect(App.getApp('users')).toBe(users)
  expect(() => App.getApp()).toThrow('Which application? Known: orders, users.')
  expect(() => App.getApp('user')).toThrow('There is no application named "user". Known: orders, users.')
  await Promise.all([orders.stop(), users.stop()])
})

test('an application without a name is called app', async () => {
  const app = new App()
  expect(app.name).toBe('app')
  expect(App.getApp('app')).toBe(app)
  await app.stop()
})

test('a name that is taken is refused, and the first keeps it', async () => {
  const app = new App('taken')
  expect(() => new App('taken')).toThrow(
    expect.objectContaining({
      code: 'ERR_APP_EXISTS',
      message: expect.stringContaining('"taken"') as string,
    }),
  )
  expect(App.getApp('taken')).toBe(app)
  await app.stop()
})

test('stop frees the name, and listen takes it again', async () => {
  const first = new App('shared')
  await first.listen({ port: 0 })
  await first.stop()
  const second = new App('shared')
  expect(App.getApp('shared')).toBe(second)
  await expect(first.listen({ port: 0 })).rejects.toMatchObject({ code: 'ERR_APP_EXISTS' })
  await second.stop()
  await first.listen({ port: 0 })
  expect(App.getApp('shared')).toBe(first)
  await first.stop()
})

test('a start that fails leaves the application known', async () => {
  const app = new App('failing')
  app.beforeServerStart(() => {
    throw new Error('no database')
  })
  await expect(app.listen({ port: 0 })).rejects.toThrow('no database')
  expect(App.getApp('failing')).toBe(app)
  await app.stop()
  expect(() => App.getApp('failing')).toThrow('There is no application yet')
})

test.each(['', ' ', '1st', '-dash', 'with space', 'dot.ted', 'ümlaut', 'new\nline'])(
  'the name %j is refused',
  (name) => {
    expect(() => new App(name)).toThrow(
      expect.objectContaining({
        code: 'ERR_APP_NAME',
        message: expect.stringContaining(JSON.stringify(name)) as string,
      }),
    )
  },
)

test.each(['a', '_private', 'With-dash_and_1'])('the name %j is fine', async (name) => {
  const app = new App(name)
  expect(App.getApp(name)).toBe(app)
  await app.stop()
})

test('an application that cannot be made does not take its name', async () => {
  // @ts-expect-error there is no such key
  expect(() => new App('unmade', { config: { NO_SUCH: 1 } })).toThrow()
  const app = new App('unmade')
  expect(App.getApp('unmade')).toBe(app)
  await app.stop()
})
