/** Every mode by its name, in the order of a whole run. */
import type { Mode } from '../bench.js'
import { compression } from './compression.js'
import { curves } from './curves.js'
import { http } from './http.js'
import { latency } from './latency.js'
import { memory } from './memory.js'
import { profile } from './profile.js'
import { quick } from './quick.js'
import { redis } from './redis.js'
import { sse } from './sse.js'
import { stalled } from './stalled.js'
import { workers } from './workers.js'

export const MODES: Readonly<Record<string, Mode>> = {
  sse,
  http,
  memory,
  latency,
  stalled,
  compression,
  workers,
  redis,
  curves,
  profile,
  quick,
}

/** What a run without a mode does. */
export const WHOLE = ['sse', 'http', 'memory', 'latency', 'stalled', 'compression', 'workers', 'redis']
