/**
 * What happens when a node is lost: its clients come back to the others, each when the time is over that its stream
 * was given when it began (`jitteredRetryMs` of the source itself), and wait where a process has more to do than time.
 */
import { jitteredRetryMs } from '../../src/sse/control.js'

/** What is known of the moment. CPU times in microseconds of one core. */
export interface Storm {
  /** Clients that lost their stream. */
  readonly clients: number
  /** So many had the process that each was connected to: the window of reconnects grows with it. */
  readonly clientsPerProcess: number
  /** Processes that are left. */
  readonly processes: number
  /** The part of its time that each of them is busy, without these clients. */
  readonly busy: number
  /** CPU that a client takes in a second once it is there. */
  readonly stay: number
  /** CPU to let one client in. */
  readonly connect: number
  /** CPU to give it what it missed, in one write. */
  readonly replay: number
}

/** What comes of it. */
export interface Outcome {
  /** Most clients that come within a second, to all processes together. */
  readonly peakPerSecond: number
  /** The most of its time that a process is busy, over a second; 1: it cannot do more. */
  readonly peakBusy: number
  /** How long the last one to be let in has been gone, in seconds. */
  readonly lastBackSeconds: number
  /** The longest that one waits for its process, in seconds. */
  readonly longestWaitSeconds: number
}

const STEP_SECONDS = 0.1
const STEPS_PER_SECOND = 10
/** The processes that are left cannot take them all. */
const NEVER = { peakBusy: 1, longestWaitSeconds: Infinity, lastBackSeconds: Infinity }

/** Runs it in steps of 100 ms. */
export function simulate(storm: Storm): Outcome {
  const { clients, clientsPerProcess, processes, connect, replay, stay } = storm
  const arrivals: number[] = []
  for (let i = 0; i < clients; i++) {
    const step = Math.floor(jitteredRetryMs(clientsPerProcess) / 1000 / STEP_SECONDS)
    arrivals[step] = (arrivals[step] ?? 0) + 1
  }
  const cost = (connect + replay) / 1e6
  let [waiting, back, longestWait, peakBusy, step] = [0, 0, 0, 0, 0]
  for (; step < arrivals.length || waiting >= 1; step++) {
    waiting += arrivals[step] ?? 0
    const busy = storm.busy + (back * stay) / 1e6 / processes
    // Who is there goes before who comes.
    const room = (Math.max(0, 1 - busy) * STEP_SECONDS * processes) / cost
    if (room < 1 && step > arrivals.length) return { ...NEVER, peakPerSecond: peak(arrivals) }
    const admitted = Math.min(waiting, room)
    peakBusy = Math.max(peakBusy, busy + (admitted * cost) / STEP_SECONDS / processes)
    waiting -= admitted
    back += admitted
    longestWait = Math.max(longestWait, (waiting / room) * STEP_SECONDS)
  }
  return {
    peakPerSecond: peak(arrivals),
    peakBusy,
    longestWaitSeconds: longestWait,
    lastBackSeconds: step * STEP_SECONDS,
  }
}

/** The most within a second. */
function peak(steps: readonly number[]): number {
  let [sum, most] = [0, 0]
  for (let i = 0; i < steps.length; i++) {
    sum += (steps[i] ?? 0) - (steps[i - STEPS_PER_SECOND] ?? 0)
    most = Math.max(most, sum)
  }
  return most
}
