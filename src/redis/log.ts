/**
 * The log in Redis: one stream for each epoch, whose ids are the sequence (`0-1`, `0-2` …), and a hash that says which
 * epoch counts and which run of the server it is of.
 *
 * A log that may have lost its end must not go on, or positions would be given twice: when the server is another one
 * than before, or the stream is gone, the next that looks replaces it, in one atomic step.
 */
import { newEpoch } from '../sse/cursor.js'
import { RefusedError, type Connection, type Reply } from './connection.js'
import type { ResolvedRedisOptions } from './options.js'

/** The log as it stood. */
export interface LogState {
  readonly epoch: string
  /** Nothing up to this sequence can be had. */
  readonly floor: number
  /** The newest sequence. */
  readonly head: number
}

/**
 * Which log counts, replaced before if it cannot be trusted: KEYS the hash; ARGV what the streams' names begin with, a
 * fresh epoch, 1 if another run of the server is as good, the epoch that the caller has found broken.
 */
const OPEN = `
if not string.find(redis.call('INFO', 'replication'), 'role:master', 1, true) then
  return redis.error_reply('READONLY this server is a replica')
end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local known = redis.call('HMGET', KEYS[1], 'epoch', 'run')
local epoch = known[1]
local stream = epoch and ARGV[1] .. epoch
local isSame = known[2] == run or ARGV[3] == '1'
if not (epoch and isSame and epoch ~= ARGV[4] and redis.call('EXISTS', stream) == 1) then
  if epoch then redis.call('UNLINK', stream) end
  epoch = ARGV[2]
  stream = ARGV[1] .. epoch
  redis.call('XGROUP', 'CREATE', stream, 'none', '0', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', stream, 'none')
end
if epoch ~= known[1] or run ~= known[2] then redis.call('HSET', KEYS[1], 'epoch', epoch, 'run', run) end
local head = '0-0'
local info = redis.call('XINFO', 'STREAM', stream)
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then head = info[i + 1] end
end
local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
return { epoch, oldest and oldest[1] or '', head }
`

/** The key of the stream of `epoch`. */
export function streamKey(prefix: string, epoch: string): string {
  return `${prefix}:log:${epoch}`
}

/** Looks which log counts; `broken` is an epoch that must not. */
export async function openLog(
  connection: Connection,
  options: ResolvedRedisOptions,
  broken = '',
): Promise<LogState> {
  const { prefix, trustRestart, commandTimeoutMs } = options
  const args = [streamKey(prefix, ''), newEpoch(), trustRestart ? '1' : '0', broken]
  const reply = await connection.ask(['EVAL', OPEN, '1', `${prefix}:epoch`, ...args], commandTimeoutMs)
  const [epoch, oldest, newest] = Array.isArray(reply) ? (reply as Reply[]).map(String) : []
  if (epoch === undefined || !/^[0-9a-f]{16}$/.test(epoch)) {
    throw new RefusedError(
      `${prefix}:epoch has no epoch of usanic. Choose another prefix, or delete that key.`,
    )
  }
  const head = seqOf(newest)
  // An id that is no sequence: somebody appended without naming 0-*, and nothing can follow.
  if (head === undefined) return openLog(connection, options, epoch)
  return { epoch, head, floor: oldest === '' ? head : (seqOf(oldest) ?? head + 1) - 1 }
}

/** The sequence that an id of a stream stands for; undefined for any that is none. */
export function seqOf(id: string | undefined): number | undefined {
  const [, digits] = /^0-([0-9]{1,15})$/.exec(id ?? '') ?? []
  return digits === undefined ? undefined : Number(digits)
}
