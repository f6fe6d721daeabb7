/** The hub against its model, `support/hub-model.ts`: for any steps nobody loses an event in silence. */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { HubModel, type HubModelOptions, type Step } from '../../support/hub-model.js'

const EVERYTHING = 1e9
const channelId = fc.constantFrom('a', 'b', 'own', null)
const bytes = fc.oneof(
  { weight: 5, arbitrary: fc.constant(10) },
  { weight: 1, arbitrary: fc.constantFrom(1000, 5000, 5000, 150_000, 1_200_000) },
)
const channelIds = fc.constantFrom([], ['a'], ['b'], ['a', 'b'], ['b', 'a'])
const which = fc.nat(5)
const kinds = <T extends string>(...names: T[]) => fc.constantFrom(...names)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({
      do: kinds('publish'),
      channelId,
      bytes,
      ownId: fc.boolean(),
      key: fc.constantFrom('x', 'y', undefined),
    }),
  },
  { weight: 50, arbitrary: kinds('turn', 'turn', 'ping').map((what) => ({ do: what })) },
  { weight: 20, arbitrary: fc.record({ do: kinds('connect'), channelIds, isGzip: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: kinds('own') }) },
  {
    weight: 60,
    arbitrary: fc.record({
      do: kinds('block', 'trickle', 'unblock', 'return', 'kick', 'private', 'end'),
      which,
    }),
  },
  {
    weight: 15,
    // Nothing, some of the last event, all that is left of the session.
    arbitrary: fc.record({
      do: kinds('leave'),
      which,
      lost: fc.oneof(fc.constant(0), fc.nat(120), fc.constant(EVERYTHING)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: kinds('restart') }) },
)

const beginOrStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 25, arbitrary: step },
  {
    weight: 1,
    arbitrary: fc.record({
      do: kinds('begin'),
      log: kinds('empty', 'another', 'trimmed'),
      isRefusing: fc.boolean(),
    }),
  },
)

const options = (given: Partial<HubModelOptions>): HubModelOptions => ({
  historyEvents: 0,
  hasSnapshots: false,
  slowPolicy: 'disconnect',
  maxBytes: 3_000_000,
  isLate: false,
  ...given,
})

/** Nobody loses an event in silence, whatever is done. */
const holds = (steps: fc.Arbitrary<Step>, numRuns: number, given: HubModelOptions): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 80 }), (taken) =>
      new HubModel(given).run(taken),
    ),
    { numRuns },
  )

const large = { do: 'publish', channelId: 'a', bytes: 1_200_000 } as const
const connect = (...ids: string[]) => ({ do: 'connect', channelIds: ids }) as const

describe('steps that random ones met once', () => {
  it.each([
    [
      'replays of several megabytes, of several clients in turn',
      [
        connect('b', 'a'),
        large,
        large,
        connect('a', 'b'),
        connect('a', 'b'),
        connect('b', 'a'),
        { do: 'block', which: 0 },
        { do: 'ping' },
      ],
    ],
    [
      'a client that is kicked while its snapshot is being made',
      [
        connect(),
        { do: 'publish', channelId: null, bytes: 10 },
        { do: 'turn' },
        connect(),
        { do: 'kick', which: 3 },
        { do: 'publish', channelId: null, bytes: 150_000 },
        { do: 'turn' },
      ],
    ],
  ] satisfies [string, Step[]][])('%s', { timeout: 120_000 }, async (_, steps) => {
    for (const historyEvents of [0, 4, EVERYTHING]) {
      for (const hasSnapshots of [false, true]) {
        await new HubModel(options({ historyEvents, hasSnapshots })).run(steps)
      }
    }
  })
})

it('a stream that is about to end, when the log begins anew, is told before it ends', async () => {
  await new HubModel(options({ historyEvents: EVERYTHING, isLate: true })).run([
    { do: 'own' },
    { do: 'end', which: 0 },
    { do: 'block', which: 0 },
    { do: 'begin', log: 'empty', isRefusing: false },
    { do: 'restart' },
  ])
})

describe('for any steps', () => {
  it.each([
    ['without history', 250, {}],
    ['with a history of 4 events', 250, { historyEvents: 4 }],
    ['with a history of everything', 250, { historyEvents: EVERYTHING, maxBytes: EVERYTHING }],
    ['with a history and snapshots', 120, { historyEvents: EVERYTHING, hasSnapshots: true }],
    ['with snapshots alone', 120, { hasSnapshots: true }],
    ['with a log of few bytes', 100, { maxBytes: 4000 }],
    ['that skips', 150, { slowPolicy: 'skip', maxBytes: 4000 }],
    ['that skips, with history', 150, { slowPolicy: 'skip', maxBytes: 4000, historyEvents: 8 }],
    ['that conflates', 150, { slowPolicy: 'conflate', maxBytes: 4000 }],
    ['that conflates, with history', 150, { slowPolicy: 'conflate', maxBytes: 4000, historyEvents: 8 }],
    ['that skips, with snapshots', 100, { slowPolicy: 'skip', maxBytes: 4000, hasSnapshots: true }],
  ] satisfies [string, number, Partial<HubModelOptions>][])(
    '%s, every reader gets what was published for it, once and in order',
    { timeout: 120_000 },
    (_, numRuns, given) => holds(step, numRuns, options(given)),
  )

  it.each([
    ['without history', 150, {}],
    ['without history, that skips', 100, { slowPolicy: 'skip', maxBytes: 4000 }],
    ['with a history of 4 events', 150, { historyEvents: 4 }],
    ['with a history of everything', 200, { historyEvents: EVERYTHING, maxBytes: EVERYTHING }],
    ['with a history and snapshots', 200, { historyEvents: EVERYTHING, hasSnapshots: true }],
    ['with snapshots alone', 100, { hasSnapshots: true }],
  ] satisfies [string, number, Partial<HubModelOptions>][])(
    '%s and a broker elsewhere, whose log begins anew, every reader gets it too or is told',
    { timeout: 120_000 },
    (_, numRuns, given) => holds(beginOrStep, numRuns, options({ isLate: true, ...given })),
  )
})
