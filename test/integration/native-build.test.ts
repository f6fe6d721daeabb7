/**
 * The build of uWebSockets.js: which objects are taken for one, what is said when there is none, and where it
 * must not run. What can end a process happens in a child.
 */
import { describe, expect, test } from 'vitest'
import * as uws from 'uWebSockets.js'
import { App, text } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from '../support/quiet-logger.js'
import { runNode, SOURCE } from '../support/run-node.js'

/** Makes `import 'uWebSockets.js'` fail as the package does on a platform without a binary. */
const WITHOUT_BINARY = `
  import { register } from 'node:module'
  const hooks = \`
    export async function resolve(specifier, context, next) {
      if (specifier === 'uWebSockets.js') throw new Error('This version supports only ...')
      return next(specifier, context)
    }\`
  register('data:text/javascript,' + encodeURIComponent(hooks))
`

describe('an injected build', () => {
  test.each([
    ['an empty object', {}],
    ['something else with an App', { App: () => undefined }],
    ['something else as a default export', { default: { listen: () => undefined } }],
    ['a function', () => undefined],
  ])('that is %s is refused at once', (_what, foreign) => {
    expect(() => new App('foreign', { uws: foreign })).toThrow(
      expect.objectContaining({
        code: 'ERR_NATIVE_BUILD',
        message: expect.stringContaining('it has no') as string,
      }),
    )
  })

  test('that is refused says what is missing and leaves the name free', async () => {
    const incomplete = { ...uws, us_socket_local_port: undefined }
    expect(() => new App('foreign', { uws: incomplete })).toThrow('it has no us_socket_local_port.')
    const app = new App('foreign')
    await app.stop()
  })

  test.each([
    ['the module namespace', uws],
    ['a CommonJS module seen through import()', { default: { ...uws } }],
  ])('that is %s serves', async (_what, build) => {
    const app = new App('injected', { uws: build, logger: new QuietLogger() })
    app.get('/', (request) => text(request.path))
    await using client = await TestClient.start(app)
    expect(await (await client.fetch('/')).text()).toBe('/')
  })
})

describe('without a binary for this machine', () => {
  test('listen rejects with the versions and the fix, and the package still imports', async () => {
    const { code, stdout, stderr } = await runNode(
      `
      import { App } from '${SOURCE}'
      const error = await new App('missing').listen({ port: 0 }).catch((error) => error)
      console.log(JSON.stringify([error.name, error.code, error.message, error.cause.message]))
      const again = await App.getApp('missing').listen({ port: 0 }).catch((error) => error)
      console.log(JSON.stringify(again.code))
      `,
      WITHOUT_BINARY,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [first = '', second] = stdout.trim().split('\n')
    const [name, errorCode, message, cause] = JSON.parse(first) as string[]
    expect([name, errorCode]).toEqual(['UsanicError', 'ERR_NATIVE_MISSING'])
    expect(message).toContain(`Node ${process.version} (ABI ${process.versions.modules})`)
    expect(message).toContain(`${process.platform}-${process.arch}`)
    expect(message).toContain('"overrides": { "uWebSockets.js": "github:uNetworking/uWebSockets.js#')
    expect(message).toContain('new App(name, { uws })')
    expect(cause).toBe('This version supports only ...')
    expect(second).toBe('"ERR_NATIVE_MISSING"')
  })

  test('run says so and exits with code 1', async () => {
    const { code, stderr } = await runNode(
      `
      import { App } from '${SOURCE}'
      await new App('missing').run({ port: 0 })
      `,
      WITHOUT_BINARY,
    )
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({ level: 'error', msg: '"missing" did not start' })
    expect(stderr).toContain('ERR_NATIVE_MISSING')
  })

  test('an injected build serves all the same', async () => {
    const { code, stdout, stderr } = await runNode(
      `
      import { App, text } from '${SOURCE}'
      process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = '8192'
      const uws = await import('${import.meta.resolve('uWebSockets.js')}')
      const app = new App('injected', { uws })
      app.get('/', () => text('served'))
      const { port } = await app.listen({ port: 0 })
      console.log(await (await fetch('http://127.0.0.1:' + port)).text())
      await app.stop()
      `,
      WITHOUT_BINARY,
    )
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'served\n', stderr: '' })
  })
})

describe('REQUEST_MAX_HEADER_SIZE', () => {
  test('is that of the first application of a process; one that comes too late with another is told', async () => {
    const { code, stdout, stderr } = await runNode(`
      import { App, text } from '${SOURCE}'
      const answers = []
      for (const [name, size] of [['first', 20000], ['same', 20000], ['late', 30000]]) {
        const app = new App(name, { config: { REQUEST_MAX_HEADER_SIZE: size } })
        app.get('/', () => text(name))
        const { port } = await app.listen({ port: 0 })
        for (const bytes of [15000, 25000]) {
          const answer = await fetch('http://127.0.0.1:' + port, { headers: { 'x-long': 'x'.repeat(bytes) } })
          answers.push(answer.status)
        }
        await app.stop()
      }
      console.log(JSON.stringify(answers))
    `)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '[200,431,200,431,200,431]\n' })
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'warn',
      msg: expect.stringMatching(
        /^REQUEST_MAX_HEADER_SIZE is 30000 and does not count: .* with 20000 bytes\./,
      ) as string,
    })
  })

  test('does not reach a build that is handed over, which is told as well', async () => {
    const { stdout, stderr } = await runNode(`
      import { App, text } from '${SOURCE}'
      import * as uws from 'uWebSockets.js'
      const app = new App('injected', { uws })
      app.get('/', () => text('served'))
      const { port } = await app.listen({ port: 0 })
      const answer = await fetch('http://127.0.0.1:' + port, { headers: { 'x-long': 'x'.repeat(6000) } })
      console.log(answer.status)
      await app.stop()
    `)
    expect(stdout).toBe('431\n')
    expect(stderr).toContain('UWS_HTTP_MAX_HEADERS_SIZE=8192.')
  })
})

describe('in a worker thread', () => {
  test.each([
    ['the installed build', `new App('threaded')`],
    ['an injected build', `new App('threaded', { uws: await import('uWebSockets.js') })`],
  ])('listen with %s rejects, and the process survives the end of the thread', async (_what, made) => {
    const { code, stdout, stderr } = await runNode(`
      import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      import { App, text } from '${SOURCE}'
      const worker = new Worker(\`
        import { parentPort } from 'node:worker_threads'
        import { register } from 'tsx/esm/api'
        register()
        const { App } = await import('${SOURCE}')
        const error = await ${made}.listen({ port: 0 }).catch((error) => error)
        parentPort.postMessage([error.code, error.message])
        setInterval(() => {}, 1000)
      \`, { eval: true, execArgv: ['--input-type=module'] })
      const [said] = await once(worker, 'message')
      console.log(JSON.stringify(said))
      await worker.terminate()
      const app = new App('main')
      app.get('/', () => text('alive'))
      const { port } = await app.listen({ port: 0 })
      console.log(await (await fetch('http://127.0.0.1:' + port)).text())
      await app.stop()
    `)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [said = '', alive] = stdout.trim().split('\n')
    expect(JSON.parse(said)).toEqual(['ERR_LISTEN_THREAD', expect.stringContaining('child process')])
    expect(alive).toBe('alive')
  })
})
