/** The command `usanic` as a process, on projects of its own. Needs the build. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { TestCertificate } from '../support/certificate.js'
import { freePort } from '../support/free-port.js'
import { CliProject, cliProjects } from '../support/cli-project.js'
import type { Program } from '../support/example-process.js'

const APP = `
  import { App, route, text, type Request } from 'usanic'
  class Service extends App {
    @route('/') home(_request: Request) { return text(\`debug \${this.debug}\`) }
  }
  const app = new Service('served')
  app.post('/users/<id:int>', (_request, { id }) => text(String(id)), { name: 'user', version: 2 })
  app.websocket('/feed', (_request, ws) => ws.send('x'))
  export default app
`
const given = cliProjects()

async function outcome(program: Program) {
  const { code } = await program.exited()
  return { code, stdout: program.stdout, stderr: program.stderr }
}

describe('usanic', () => {
  test.each([
    ['path/to/app.ts', { 'path/to/app.ts': APP }],
    ['path/to/app', { 'path/to/app.ts': APP }],
    [
      'path.to.app:app',
      { 'path/to/app.ts': APP.replace('export default app', 'export { app, app as other }') },
    ],
    [
      'app.mjs',
      {
        'app.mjs':
          "import { App, text } from 'usanic'\nexport const it = new App('served')\nit.get('/', () => text('debug false'))",
      },
    ],
  ])('serves %s until a signal', async (target, files) => {
    await using program = given(files).run(target, '-p', '0')
    expect(await (await fetch(await program.serves())).text()).toBe('debug false')
    program.kill('SIGTERM')
    expect((await program.exited()).code).toBe(0)
    expect(program.stderr).toContain('stopped')
  })

  test('takes host, port, debug and access log from its options', async () => {
    const port = await freePort()
    await using program = given({ 'app.ts': APP }).run(
      'app.ts',
      '-H',
      'localhost',
      `--port=${port}`,
      '--debug',
    )
    expect(await program.serves()).toBe(`http://localhost:${port}`)
    expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe('debug true')
    await program.said(/GET \/ 200/, 'stderr')
  })

  test('speaks TLS with the certificate that it is given', async () => {
    using files = new TestCertificate()
    await using program = given({ 'app.ts': APP }).run(
      ...['app.ts', '-p', '0', '--tls-cert', files.cert, '--tls-key', files.key],
    )
    const { stdout } = await promisify(execFile)('curl', [
      ...['--silent', '--cacert', files.cert, await program.serves()],
    ])
    expect(stdout).toBe('debug false')
  })

  test('--no-access-log is stronger than --debug and the environment', async () => {
    await using program = given({ 'app.ts': APP }).run('app.ts', '-p', '0', '--debug', '--no-access-log')
    const origin = await program.serves()
    await (await fetch(origin)).text()
    program.kill('SIGTERM')
    await program.exited()
    expect(program.stderr).not.toContain('GET / 200')
  })

  test('listens on a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'usanic-cli-'))
    await using program = given({ 'app.ts': APP }).run('app.ts', '-u', join(folder, 'app.sock'))
    expect(await program.serves()).toBe(`unix:${join(folder, 'app.sock')}`)
    program.kill('SIGINT')
    expect((await program.exited()).code).toBe(0)
    rmSync(folder, { recursive: true })
  })

  test('runs a module that calls run itself, with its options, and goes on behind it', async () => {
    const port = await freePort()
    const own = APP.replace(
      'export default app',
      `await app.run({ port: ${port} })\nconsole.log('behind run')`,
    )
    await using program = given({ 'app.ts': own }).run('app.ts', '--debug')
    expect(await program.serves()).toBe(`http://127.0.0.1:${port}`)
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('debug true')
    program.kill('SIGTERM')
    expect((await program.exited()).code).toBe(0)
    expect(program.stdout).toBe('behind run\n')
  })

  test('says its version, and how it is used', async () => {
    const here = given({})
    expect((await outcome(here.run('--version'))).stdout).toMatch(
      /^usanic \d+\.\d+\.\d+ \(node \d+\.\d+\.\d+\)\n$/,
    )
    expect((await outcome(here.run('--help'))).stdout).toContain('--tls-cert <file>')
  })

  test.each([
    [[], 2, 'Which application?'],
    [['--prot', '1', 'app.ts'], 2, "Unknown option '--prot'. Did you mean --port?"],
    [['-w', '0', 'app.ts'], 2, '--workers 0 is not a number of processes'],
    [['-w', 'four', 'app.ts'], 2, '--workers four is not a number of processes'],
    [['-w', '2', '--fast', 'app.ts'], 2, '--workers and --fast exclude each other.'],
    [['-w', '2', '--dev', 'app.ts'], 2, '--dev runs one process'],
    [['-w', '2', '-u', 'x', 'app.ts'], 2, 'Processes cannot share a unix socket'],
    [['--worker-timeout', '5', 'app.ts'], 2, '--worker-timeout goes with --workers or --fast.'],
    [['-w', '2', '--worker-timeout', '0', 'app.ts'], 2, '--worker-timeout 0 is not a number of seconds'],
    [['-w', '2', 'missing.ts'], 1, 'There is no file '],
    [['-p', '80000', 'app.ts'], 2, '--port 80000 is not a port'],
    [['-u', 'x', '-p', '1', 'app.ts'], 2, '--unix goes without --host and --port.'],
    [['--tls-cert', 'x', 'app.ts'], 2, '--tls-cert and --tls-key go together.'],
    [['one.ts', 'two.ts'], 2, 'One application at a time'],
    [['missing.ts'], 1, 'There is no file '],
    [
      ['empty.mjs'],
      1,
      'empty.mjs exports no application and runs none: export default app. It exports nothing.',
    ],
    [['two.mjs'], 1, 'exports several applications: name one, as in two.mjs:a. It exports a, b.'],
    [['two.mjs:c'], 1, 'The export c of two.mjs is not there. It exports a, b.'],
    [['broken.mjs'], 1, 'SyntaxError'],
    [['throws.mjs'], 1, 'Error: no database'],
  ])('given %j exits with %i and says why', async (args, code, message) => {
    const files = {
      'empty.mjs': '',
      'two.mjs': "import { App } from 'usanic'\nexport const a = new App('a'), b = new App('b')",
      'broken.mjs': 'export const = 1',
      'throws.mjs': "throw new Error('no database')",
    }
    const ended = await outcome(given(files).run(...args))
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(message) as string })
    expect(ended.stderr.startsWith('usanic: ')).toBe(true)
  })

  test('says how to get tsx where it is not installed', async () => {
    // Outside the checkout there is no tsx to be found.
    const folder = mkdtempSync(join(tmpdir(), 'usanic-cli-'))
    using here = new CliProject({}, folder)
    here.write('app.ts', 'export default 1')
    const ended = await outcome(here.run('app.ts'))
    if (process.features['typescript' as never] === undefined) {
      expect(ended).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('npm install --save-dev tsx') as string,
      })
    } else {
      expect(ended).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('exports no application') as string,
      })
    }
  })

  test('works through a link, as npm makes it', async () => {
    const here = given({ 'app.ts': APP })
    const link = join(here.folder, 'usanic')
    symlinkSync(here.command, link)
    const ended = await outcome(here.runAs(link, 'routes', 'app.ts'))
    expect(ended.code).toBe(0)
  })
})

describe('usanic routes', () => {
  test('prints name, methods and uri of every route, and starts nothing', async () => {
    const open = APP.replace('export default app', 'setInterval(() => {}, 1000)\nexport default app')
    const ended = await outcome(given({ 'app.ts': open }).run('routes', 'app.ts'))
    expect(ended).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'name              methods  uri\nserved.home       GET      /\nserved.user       POST     /v2/users/<id:int>\nserved.GET /feed  GET      /feed\n',
    })
  })
})

describe('usanic --dev', () => {
  const versioned = (version: string) => `
    import { App, text } from 'usanic'
    import { greeting } from './lib/greeting.js'
    const app = new App('reloaded')
    app.get('/', () => text(greeting + '${version}' + app.debug))
    app.get('/stream', () => new Promise(() => undefined))
    export default app
  `

  test('serves in debug, restarts on a change, outlives a mistake, and ends with its server', async () => {
    const port = await freePort()
    const here = given({ 'app.ts': versioned('one'), 'lib/greeting.ts': "export const greeting = 'hello '" })
    await using program = here.run('--dev', '-p', String(port), 'app.ts')
    const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text()
    await program.serves()
    expect(await ask()).toBe('hello onetrue')

    program.stderr = ''
    here.write('lib/greeting.ts', "export const greeting = 'goodbye '")
    await program.said(/lib\/greeting\.ts changed, restarting/, 'stderr')
    await program.serves()
    expect(await ask()).toBe('goodbye onetrue')

    program.stderr = ''
    here.write('app.ts', 'export default ;;; const')
    await program.said(/the server ended with code 1; waiting for a change/, 'stderr')
    program.stderr = ''
    here.write('app.ts', versioned('two'))
    await program.serves()
    expect(await ask()).toBe('goodbye twotrue')

    program.stderr = ''
    here.write('new/folder/later.ts', 'export {}')
    here.write('notes.txt', 'not source')
    here.write('app.ts', versioned('three'))
    await program.said(/app\.ts changed, restarting/, 'stderr')
    await program.serves()
    expect(await ask()).toBe('goodbye threetrue')

    program.kill('SIGTERM')
    expect((await program.exited()).code).toBe(0)
    await expect(ask()).rejects.toThrow('fetch failed')
  })

  test('its server ends when the supervising process is killed', async () => {
    const port = await freePort()
    const here = given({ 'app.ts': versioned('one'), 'lib/greeting.ts': "export const greeting = ''" })
    await using program = here.run('--dev', '-p', String(port), 'app.ts')
    await program.serves()
    program.kill('SIGKILL')
    await program.exited()
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/`).then(
            () => 'serves',
            () => 'gone',
          ),
        { timeout: 10_000 },
      )
      .toBe('gone')
  })
})
