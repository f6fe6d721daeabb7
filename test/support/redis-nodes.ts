/**
 * Nodes that share one Redis, each with a reader and a publisher of numbered events, and the oracle over all of them:
 * every send is answered within its deadline, or stored and answered once it has come back; what was stored reaches
 * every reader once, in order, or a reset says that it does not, and no position is given twice.
 */
import { expect } from 'vitest'
import { RedisBroker, type RedisBrokerOptions } from 'usanic/redis'
import { eventually } from './eventually.js'
import { QuietLogger } from './quiet-logger.js'
import { SseApp } from './sse-app.js'
import { WitnessReader } from './witness-reader.js'

/** The deadline of a send, in milliseconds. */
export const COMMAND_TIMEOUT_MS = 1000
/** How long the sender of what Redis has stored waits for it to come back, in milliseconds (`sse/arrivals.ts`). */
const ARRIVAL_TIMEOUT_MS = 10_000
/** What a timer may be late on a busy machine, in milliseconds. */
const LATE_MS = 500

/** One node. */
export class RedisNode {
  readonly name: string
  readonly server: SseApp
  readonly reader: WitnessReader
  /** The numbers of what was stored, and the codes of what was not. */
  readonly stored: number[] = []
  readonly failed: string[] = []
  /** What took longest to be refused, and to be stored and come back, in milliseconds. */
  slowestRefusalMs = 0
  slowestMs = 0
  #sent = 0
  #answered = 0
  #timer: NodeJS.Timeout | undefined

  private constructor(name: string, server: SseApp, reader: WitnessReader) {
    this.name = name
    this.server = server
    this.reader = reader
  }

  static async start(name: string, options: RedisBrokerOptions): Promise<RedisNode> {
    const broker = new RedisBroker({
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      logger: new QuietLogger(),
      ...options,
    })
    const server = await SseApp.start({ broker, history: { maxEvents: 100_000 } })
    return new RedisNode(name, server, await WitnessReader.open(server.client.port))
  }

  /** Whether every send was answered. */
  get isSettled(): boolean {
    return this.#answered === this.#sent
  }

  /** Sends `count` events at once. */
  send(count = 1): void {
    for (let i = 0; i < count; i++) {
      const number = ++this.#sent
      const startedAt = performance.now()
      const answered = (): number => {
        this.#answered++
        const tookMs = performance.now() - startedAt
        this.slowestMs = Math.max(this.slowestMs, tookMs)
        return tookMs
      }
      this.server.sse.send(`${this.name} ${number}`).then(
        () => {
          answered()
          this.stored.push(number)
        },
        (error: unknown) => {
          this.slowestRefusalMs = Math.max(this.slowestRefusalMs, answered())
          this.failed.push((error as { code: string }).code)
        },
      )
    }
  }

  /** Sends some two hundred events a second until `rest`. */
  keepSending(): void {
    this.#timer = setInterval(() => {
      this.send()
    }, 5)
  }

  rest(): void {
    clearInterval(this.#timer)
  }
}

/** All nodes of a test. Declare it with `await using`. */
export class RedisNodes implements AsyncDisposable {
  readonly nodes: readonly RedisNode[]

  private constructor(nodes: readonly RedisNode[]) {
    this.nodes = nodes
  }

  /** Starts one node for each of `options`, named A, B … */
  static async start(...options: RedisBrokerOptions[]): Promise<RedisNodes> {
    return new RedisNodes(
      await Promise.all(options.map((its, i) => RedisNode.start(String.fromCharCode(65 + i), its))),
    )
  }

  /** Sends one more from each node until everybody hears it: whatever there was is over then. */
  async recovered(): Promise<void> {
    for (const node of this.nodes) node.rest()
    await eventually(() => this.nodes.every(({ isSettled }) => isSettled), 'every send is answered')
    for (const node of this.nodes) {
      const wasStored = node.stored.length
      let isUnderWay = false
      await eventually(() => {
        if (!isUnderWay && node.stored.length === wasStored) {
          isUnderWay = true
          node.send()
        }
        if (node.isSettled) isUnderWay = false
        return node.stored.length > wasStored
      }, `node ${node.name} stores events again`)
    }
    const isHeard = () =>
      this.nodes.every(({ name, stored }) =>
        this.nodes.every(({ reader }) => reader.has(name, stored.at(-1) ?? 0)),
      )
    await eventually(isHeard, 'the last event of every node reaches everybody')
  }

  /** The oracle. */
  check(): void {
    for (const { name, stored, slowestMs, slowestRefusalMs } of this.nodes) {
      expect(slowestRefusalMs).toBeLessThan(COMMAND_TIMEOUT_MS + LATE_MS)
      expect(slowestMs).toBeLessThan(COMMAND_TIMEOUT_MS + ARRIVAL_TIMEOUT_MS + LATE_MS)
      for (const { reader } of this.nodes) {
        expect(reader.isOver, 'streams stay open').toBe(false)
        reader.check(name, stored)
      }
    }
    const events = new Map<string, string>()
    for (const [position, event] of this.nodes.flatMap(({ reader }) => reader.positions)) {
      expect(events.get(position) ?? event, `what ${position} stands for`).toBe(event)
      events.set(position, event)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { reader, server } of this.nodes) {
      reader.drop()
      await server[Symbol.asyncDispose]()
    }
  }
}
