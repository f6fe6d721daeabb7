/**
 * What every broker keeps to, as cases for any test runner: loop over {@link BROKER_CONTRACT} and run each in a test
 * of its own. Whoever writes a broker for another store runs them against it.
 */
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import type { Broker, BrokerEvent, BrokerTail } from '../sse/index.js'

/**
 * Makes a broker of the log named `log`, not started yet. A case asks for logs by names of its own choosing: the same name
 * must give another node of the same log, and a log must be new for each case. What is to be cleaned up is up to the
 * caller; the case has stopped every broker by then.
 */
export type MakeBroker = (log: string) => Broker | Promise<Broker>

/** One case. */
export interface BrokerCase {
  /** What is to hold, as a sentence. */
  readonly name: string
  /** Whether it is for brokers that several processes share (`isShared`). */
  readonly isForShared: boolean
  /** Resolves when it holds; rejects with what does not. Takes at most some ten seconds. */
  readonly run: (makeBroker: MakeBroker) => Promise<void>
}

/** How long a case waits for an event, in milliseconds. */
const DEADLINE_MS = 5000

/** A tail that checks what it is told, and remembers it. */
class Recorder implements BrokerTail {
  epoch: string | undefined
  begins = 0
  floor = 0
  head = 0
  readonly events: BrokerEvent[] = []
  #onProgress: () => void = () => undefined

  begin(epoch: string, floor: number): void {
    match(epoch, /^[0-9a-f]{16}$/, 'an epoch is 16 hexadecimal digits')
    ok(Number.isSafeInteger(floor) && floor >= 0, 'a floor is a sequence, or 0')
    if (epoch === this.epoch) ok(floor >= this.head, 'a log that goes on does not go back')
    this.epoch = epoch
    this.floor = this.head = floor
    this.begins++
    this.events.length = 0
    this.#onProgress()
  }

  receive(seq: number, event: BrokerEvent): void {
    ok(this.epoch !== undefined, 'begin comes before the first event')
    strictEqual(seq, this.head + 1, 'sequences are contiguous')
    this.head = seq
    // A broker may read into the same memory again.
    this.events.push({ ...event, frame: new Uint8Array(event.frame) })
    this.#onProgress()
  }

  /** Resolves once the log has come to `seq`. */
  async reaches(seq: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`The tail is at ${this.head} and has not come to ${seq} within ${DEADLINE_MS} ms`))
      }, DEADLINE_MS)
    })
    const reached = new Promise<void>((resolve) => {
      this.#onProgress = () => {
        if (this.head >= seq) resolve()
      }
      this.#onProgress()
    })
    await Promise.race([reached, late])
    clearTimeout(timer)
  }

  /** The data of what it has, in order. */
  get texts(): string[] {
    return this.events.map(({ frame }) => textOf(frame))
  }
}

interface Node {
  readonly broker: Broker
  readonly tail: Recorder
  readonly append: (
    ...texts: string[]
  ) => Promise<readonly { readonly seq: number; readonly epoch: string }[]>
}

/** Nodes for one case, stopped when it is over. */
async function withNodes(
  makeBroker: MakeBroker,
  run: (start: (log?: string) => Promise<Node>) => Promise<void>,
): Promise<void> {
  const started: Broker[] = []
  try {
    await run(async (log = 'log') => {
      const broker = await makeBroker(log)
      const tail = new Recorder()
      started.push(broker)
      await broker.start(tail)
      strictEqual(tail.begins, 1, 'a log begins once as its broker starts')
      return {
        broker,
        tail,
        append: (...texts) =>
          Promise.all(
            texts.map(async (text) => {
              const place = await broker.append(eventOf(text))
              return typeof place === 'number' ? { epoch: tail.epoch ?? '', seq: place } : place
            }),
          ),
      }
    })
  } finally {
    for (const broker of started) await broker.stop()
  }
}

/** The cases. */
export const BROKER_CONTRACT: readonly BrokerCase[] = [
  {
    name: 'a log that nobody has used begins at 0 and has no events',
    isForShared: false,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const { tail } = await start()
        deepStrictEqual([tail.floor, tail.texts], [0, []])
      }),
  },
  {
    name: 'events come back in the order of the calls, contiguous from 1',
    isForShared: false,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const { tail, append } = await start()
        const texts = numbered('event', 500)
        await append(...texts)
        await tail.reaches(500)
        deepStrictEqual(tail.texts, texts)
      }),
  },
  {
    name: 'an append gives the place at which the tail has the event',
    isForShared: false,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const { tail, append } = await start()
        const places = await append('one', 'two', 'three')
        const epoch = tail.epoch ?? ''
        deepStrictEqual(
          places.map(({ epoch: of, seq }) => ({ epoch: of, seq })),
          [1, 2, 3].map((seq) => ({ epoch, seq })),
        )
        await tail.reaches(3)
      }),
  },
  {
    name: 'an event arrives as it was sent',
    isForShared: false,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const { broker, tail } = await start()
        const sent: BrokerEvent[] = [
          { channelId: null, frame: bytes('to everybody'), hasId: false, key: undefined },
          { channelId: 'news', frame: bytes('id: 7\r\ndata: ü 🎉\r\n\r\n'), hasId: true, key: undefined },
          { channelId: '', frame: bytes('no name'), hasId: false, key: '' },
          { channelId: '🎉\r\n\0', frame: bytes('\r\n\0'), hasId: false, key: 'a\r\nb\0' },
          { channelId: 'large', frame: bytes('x'.repeat(1024 * 1024)), hasId: false, key: undefined },
        ]
        await Promise.all(sent.map(async (event) => broker.append(event)))
        await tail.reaches(sent.length)
        deepStrictEqual(tail.events.map(plain), sent.map(plain))
      }),
  },
  {
    name: 'two nodes have one log, whoever appends',
    isForShared: true,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const [one, two] = [await start(), await start()]
        await Promise.all([one.append(...numbered('one', 200)), two.append(...numbered('two', 200))])
        await Promise.all([one.tail.reaches(400), two.tail.reaches(400)])
        strictEqual(one.tail.epoch, two.tail.epoch, 'the epoch is that of the log')
        deepStrictEqual(one.tail.texts, two.tail.texts)
        for (const name of ['one', 'two']) {
          const texts = one.tail.texts.filter((text) => text.startsWith(name))
          deepStrictEqual(texts, numbered(name, 200), `the events of node ${name} keep their order`)
        }
      }),
  },
  {
    name: 'a node that starts later has what is kept as its start resolves',
    isForShared: true,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const { tail, append } = await start()
        const texts = numbered('event', 50)
        await append(...texts)
        const later = await start()
        strictEqual(later.tail.epoch, tail.epoch)
        strictEqual(later.tail.head, 50)
        deepStrictEqual(later.tail.texts, texts.slice(later.tail.floor))
      }),
  },
  {
    name: 'a node that stops and starts again has missed nothing, or begins anew',
    isForShared: true,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const [node, other] = [await start(), await start()]
        await node.append(...numbered('before', 10))
        await node.tail.reaches(10)
        await node.broker.stop()
        await other.append(...numbered('meanwhile', 10))
        await node.broker.start(node.tail)
        strictEqual(node.tail.head, 20)
        await other.append('after')
        await node.tail.reaches(21)
      }),
  },
  {
    name: 'logs of different names have nothing in common',
    isForShared: true,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const [one, two] = [await start('one'), await start('two')]
        await one.append('to one')
        await two.append('to two')
        await Promise.all([one.tail.reaches(1), two.tail.reaches(1)])
        deepStrictEqual([one.tail.texts, two.tail.texts], [['to one'], ['to two']])
        ok(one.tail.epoch !== two.tail.epoch, 'each log has an epoch of its own')
      }),
  },
  {
    name: 'what is appended settles, also when the broker is stopped meanwhile',
    isForShared: true,
    run: (makeBroker) =>
      withNodes(makeBroker, async (start) => {
        const { broker, append } = await start()
        const appended = Promise.allSettled(numbered('event', 100).map((text) => append(text)))
        await broker.stop()
        strictEqual((await appended).length, 100)
      }),
  },
  {
    name: 'an append to a broker that is not started rejects',
    isForShared: true,
    run: async (makeBroker) => {
      const broker = await makeBroker('log')
      const [outcome] = await Promise.allSettled([broker.append(eventOf('too early'))])
      strictEqual(outcome.status, 'rejected')
    },
  },
]

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name} ${i}`)
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function eventOf(text: string): BrokerEvent {
  return { channelId: 'channel', frame: bytes(text), hasId: false }
}

function textOf(frame: Uint8Array): string {
  return new TextDecoder().decode(frame)
}

function plain({ channelId, frame, hasId, key }: BrokerEvent): object {
  return { channelId, text: textOf(frame), hasId, key }
}
