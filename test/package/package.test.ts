/**
 * The package as it is published: what is in the tarball, and that a project which installs it can compile and
 * run a first program in every way. Needs the build (`npm run build`) and the npm registry.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EventReader } from 'usanic/testing'
import { CHECKOUT, Consumer, run, RunningServer, tool, type Mode } from './consumer.js'

const MINUTE = 60_000
/** Without node's types: those of the package stand on their own. */
const BARE = { target: 'ES2022', module: 'NodeNext', strict: true, noEmit: true, types: [] }
let consumer: Consumer

beforeAll(async () => {
  if (!existsSync(join(CHECKOUT, 'dist/index.js'))) throw new Error('There is no dist: npm run build first.')
  consumer = await Consumer.create()
}, 3 * MINUTE)

afterAll(() => consumer[Symbol.asyncDispose]())

/** Uses the program as a browser and a sender would, and stops it. */
async function exercise(server: RunningServer, mode: Mode): Promise<void> {
  const abort = new AbortController()
  const opened = await fetch(`${server.origin}/events`, { signal: abort.signal })
  expect(opened.headers.get('content-type')).toContain('text/event-stream')
  const events = new EventReader(opened, abort)
  const sent = await fetch(`${server.origin}/send`, { method: 'POST', body: '{"text":"hello"}' })
  expect(await sent.json()).toEqual({ recipients: 1 })
  expect(await events.next()).toEqual({ event: 'note', data: '{"text":"hello"}', lastEventId: '1' })
  events.close()
  const answers = ['/kind', '/users/7', '/users/x', '/health'].map(async (path) => {
    const response = await fetch(server.origin + path)
    return response.ok ? response.text() : response.status
  })
  expect(await Promise.all(answers)).toEqual([mode, '{"id":7}', 404, 'fine'])
  expect(await server.stop()).toBe(0)
}

describe('the tarball', () => {
  test('holds the build, README, LICENSE, CHANGELOG and package.json, and nothing else', () => {
    const others = consumer.packed.filter((path) => !path.startsWith('dist/'))
    const allowed = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
    expect(others.filter((path) => !allowed.includes(path))).toEqual([])
    expect(others).toEqual(expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'package.json']))
    const built = consumer.packed.filter((path) => path.startsWith('dist/'))
    expect(built.filter((path) => !/\.(js|d\.ts)$/.test(path))).toEqual([])
    expect(built).toEqual(
      expect.arrayContaining([
        'dist/index.js',
        'dist/openapi/index.js',
        'dist/redis/index.js',
        'dist/sse/index.js',
        'dist/testing/index.js',
      ]),
    )
  })

  test('is fine with publint', { timeout: MINUTE }, async () => {
    expect(await run(tool('publint'), ['run', consumer.tarball, '--strict'], consumer.folder)).toContain(
      'All good!',
    )
  })

  test('is fine with attw', { timeout: MINUTE }, async () => {
    // A problem is an exit code, and so a rejection.
    const report = await run(tool('attw'), [consumer.tarball, '--profile', 'esm-only'], consumer.folder)
    for (const entry of [
      '"usanic"',
      '"usanic/openapi"',
      '"usanic/redis"',
      '"usanic/sse"',
      '"usanic/testing"',
    ])
      expect(report).toContain(entry)
  })
})

describe('every entry', () => {
  const script = `
    const entries = ['usanic', 'usanic/sse', 'usanic/testing', 'usanic/openapi', 'usanic/redis']
    const modules = await Promise.all(entries.map((entry) => import(entry)))
    const names = ['App', 'Sse', 'TestClient', 'OpenAPI', 'RedisBroker'].map((name, i) => typeof modules[i][name])
    const { default: manifest } = await import('usanic/package.json', { with: { type: 'json' } })
    console.log(JSON.stringify([...names, manifest.name]))
  `
  const flags = ['--no-warnings', '--input-type=module', '--eval', script]

  test('imports in a project that installed the package', async () => {
    const said = await run(process.execPath, flags, consumer.folder)
    expect(JSON.parse(said)).toEqual([...Array<string>(5).fill('function'), 'usanic'])
  })

  test('imports by the name of the package inside the checkout', async () => {
    const said = await run(process.execPath, flags, CHECKOUT)
    expect(JSON.parse(said)).toEqual([...Array<string>(5).fill('function'), 'usanic'])
  })

  test('imports without the optional @redis/client, which a server with a broker asks for when it starts', async () => {
    const program = `
      import { App } from 'usanic'
      import { RedisBroker } from 'usanic/redis'
      import { Sse } from 'usanic/sse'
      const app = new App('without')
      new Sse(app, { broker: new RedisBroker() })
      await app.listen({ port: 0 }).catch(({ code, message }) => console.log(code, message))
    `
    const said = await run(process.execPath, ['--input-type=module', '--eval', program], consumer.folder)
    expect(said).toMatch(/^ERR_BROKER_MISSING .*npm install @redis\/client@6$/m)
  })

  test('is closed: what is not exported does not import', async () => {
    const inner = `await import('usanic/dist/app/app.js').catch((error) => console.log(error.code))`
    const said = await run(process.execPath, ['--input-type=module', '--eval', inner], consumer.folder)
    expect(said.trim()).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })
})

describe.each(['legacy', 'standard'] as const)('with %s decorators the first program', (mode) => {
  test('runs under tsx', { timeout: MINUTE }, async () => {
    const args = ['--tsconfig', `tsconfig.${mode}.json`, 'server.ts']
    await using server = await RunningServer.start(tool('tsx'), args, consumer.folder)
    await exercise(server, mode)
  })

  test(
    'compiles with tsc, library files checked too, and runs as JavaScript',
    { timeout: MINUTE },
    async () => {
      await run(tool('tsc'), ['-p', `tsconfig.${mode}.json`], consumer.folder)
      await using server = await RunningServer.start(process.execPath, [`${mode}/server.js`], consumer.folder)
      await exercise(server, mode)
    },
  )
})

describe('the declarations', () => {
  test('have app.sseSend only where usanic/sse is imported', { timeout: MINUTE }, async () => {
    await consumer.add('bare/tsconfig.json', JSON.stringify({ compilerOptions: BARE }))
    await consumer.add(
      'bare/program.ts',
      `import { App } from 'usanic'
      // @ts-expect-error usanic/sse is not imported
      void new App().sseSend('data')`,
    )
    await run(tool('tsc'), ['-p', 'bare'], consumer.folder)
  })
})
