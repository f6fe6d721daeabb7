/** The simulation behind the plan of docs/scaling.md: what is known without it must come out of it. */
import { expect, test } from 'vitest'
import { simulate, type Storm } from '../../../bench/plan/storm.js'

const STORM: Storm = {
  clients: 20_000,
  clientsPerProcess: 10_000,
  processes: 4,
  busy: 0.2,
  stay: 0,
  connect: 40,
  replay: 5,
}

test('with room for all nobody waits, and the last is back when the last one comes', () => {
  const { peakPerSecond, peakBusy, longestWaitSeconds, lastBackSeconds } = simulate(STORM)
  expect(longestWaitSeconds).toBe(0)
  // The window of reconnects is a matter of the server: a second, and more the more clients it had.
  expect(lastBackSeconds).toBeGreaterThan(STORM.clients / peakPerSecond)
  expect(peakPerSecond).toBeGreaterThan(STORM.clients / lastBackSeconds)
  // What comes in the fullest second keeps the processes busy, beside what they do anyway.
  const least = STORM.busy + (peakPerSecond * 45) / 1e6 / STORM.processes
  expect(peakBusy).toBeGreaterThanOrEqual(least)
  expect(peakBusy).toBeLessThan(1)
})

test('with too little room they wait, as long as the work takes', () => {
  const connect = 4000
  const { peakBusy, longestWaitSeconds, lastBackSeconds } = simulate({ ...STORM, connect })
  const workSeconds = (STORM.clients * (connect + STORM.replay)) / 1e6 / STORM.processes / (1 - STORM.busy)
  expect(peakBusy).toBeCloseTo(1)
  expect(lastBackSeconds).toBeGreaterThanOrEqual(workSeconds - 0.1)
  // They begin to come within the first second or two, and are served from then on.
  expect(lastBackSeconds).toBeLessThan(workSeconds + 3)
  expect(longestWaitSeconds).toBeGreaterThan(workSeconds / 2)
  expect(longestWaitSeconds).toBeLessThan(workSeconds)
})

test('who stays costs, too: when those who are back leave no room, the rest never gets in', () => {
  const outcome = simulate({ ...STORM, stay: 300 })
  expect([outcome.peakBusy, outcome.longestWaitSeconds, outcome.lastBackSeconds]).toEqual([
    1,
    Infinity,
    Infinity,
  ])
  expect(outcome.peakPerSecond).toBeGreaterThan(0)
})
