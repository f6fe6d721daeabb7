/**
 * Two nodes behind nginx, sharing their events through Redis: `npx tsx examples/cluster/start.ts`. PORT says where the
 * page is (8000); everything else takes free ports of 127.0.0.1. A node that is killed starts again after a few seconds,
 * so that one can go on playing. SIGINT and SIGTERM end all of it in order.
 */
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const RESTART_MS = 4000
/** How long one that is told to end may take. */
const STOP_MS = 5000
const fileHere = (name: string) => fileURLToPath(new URL(name, import.meta.url))
// Debian keeps nginx where only root looks.
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin` }

const missing = ['redis-server', 'nginx'].filter(
  (name) => spawnSync(name, ['-v'], { env }).error !== undefined,
)
if (missing.length > 0) {
  console.error(`Not installed here: ${missing.join(', ')} (Debian: apt install redis-server nginx-light).`)
  process.exit(1)
}

const [port, portA, portB, redisPort] = await freePorts(Number(process.env['PORT'] ?? 8000), 0, 0, 0)
const folder = await mkdtemp(join(tmpdir(), 'usanic-cluster-'))
const nodes = new Map<string, ChildProcess>()
const servers: ChildProcess[] = []
let isStopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0))

startServer('redis-server', `--port ${redisPort} --bind 127.0.0.1 --dir ${folder} --save`, '')
await accepts(redisPort)
startNode('a', portA)
startNode('b', portB)
const configuration = (await readFile(fileHere('nginx.conf'), 'utf8'))
  .replace('127.0.0.1:8000', `127.0.0.1:${port}`)
  .replace('127.0.0.1:8001', `127.0.0.1:${portA}`)
  .replace('127.0.0.1:8002', `127.0.0.1:${portB}`)
await writeFile(join(folder, 'nginx.conf'), configuration)
startServer('nginx', `-p ${folder} -c nginx.conf -e stderr`)
for (const each of [portA, portB, port]) await accepts(each)
console.log(`The page is at http://127.0.0.1:${port}/ (Ctrl+C ends all of it)`)

function startNode(name: string, nodePort: number): void {
  if (isStopping) return
  const own = { NODE_NAME: name, PORT: String(nodePort), REDIS_URL: `redis://127.0.0.1:${redisPort}` }
  // A group of its own, as for all children: Ctrl+C reaches this program alone, which ends them in order.
  const node = fork(fileHere('node.ts'), { env: { ...process.env, ...own }, detached: true })
  nodes.set(name, node)
  // reason for the cast: a node sends nothing but the name of the node to kill.
  node.on('message', (name) => nodes.get(name as string)?.kill('SIGKILL'))
  node.on('exit', (code, signal) => {
    if (isStopping) return
    console.log(`Node ${name} ended (${signal ?? `code ${code}`}) and starts again in ${RESTART_MS / 1000} s`)
    setTimeout(() => startNode(name, nodePort), RESTART_MS)
  })
}

/** Redis or nginx: without it there is no cluster. */
function startServer(command: string, options: string, ...more: string[]): void {
  const server = spawn(command, [...options.split(' '), ...more], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  })
  servers.push(server)
  server.on('exit', () => {
    if (!isStopping) console.error(`${command} ended`)
    void stop(1)
  })
}

/** Nodes first: they say goodbye to their streams, through nginx. Once is enough: npx and tsx hand on a Ctrl+C again. */
async function stop(code: number): Promise<void> {
  if (isStopping) return
  isStopping = true
  await Promise.all([...nodes.values()].map(end))
  await Promise.all(servers.map(end))
  await rm(folder, { recursive: true, force: true })
  process.exit(code)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(late)
}

/** Resolves once somebody listens there. */
async function accepts(wanted: number): Promise<void> {
  for (;;) {
    const socket = connect(wanted, '127.0.0.1')
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isUp) return
    await pause(50)
  }
}

/** Those ports, if they are free; 0 is any. Rejects with EADDRINUSE for one that is taken. */
async function freePorts<const P extends readonly number[]>(
  ...wanted: P
): Promise<{ [I in keyof P]: number }> {
  const listeners = wanted.map((each) => createServer().listen(each, '127.0.0.1'))
  await Promise.all(listeners.map((listener) => once(listener, 'listening')))
  const ports = listeners.map((listener) => (listener.address() as AddressInfo).port) // reason: they listen on TCP
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')))
  return ports as { [I in keyof P]: number } // reason: one for each
}
