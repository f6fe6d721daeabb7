/**
 * The supervisor's end of the log: one connection to each worker, the logs of all hubs behind them.
 *
 * Nobody waits for a worker that does not read: what it has not taken is bounded, and beyond that it is killed. The
 * one that takes its place gets what the log keeps.
 */
import type { Socket } from 'node:net'
import { HubLog, type LogPeer } from './hub-log.js'
import { ATTACH, DETACH, EVENT, FrameReader, decodeRequest, type AttachRequest } from './log-frames.js'

/** Most that may wait for one worker to read it, in bytes; what a worker starts from may be more. */
const MAX_BEHIND_BYTES = 64 * 1024 * 1024

/** The logs of all hubs. */
export class LogServer {
  readonly #logs: HubLog[] = []
  readonly #numbers = new Map<string, number>()

  /** Serves a worker on `socket`; `kill` ends one that is too far behind. */
  serve(socket: Socket, kill: (verdict: string) => void): void {
    const peer: LogPeer = {
      write: (bytes) => {
        const wasBehind = socket.writableLength
        socket.write(bytes)
        if (wasBehind > MAX_BEHIND_BYTES) kill(`it was behind by ${wasBehind} bytes of the log`)
      },
    }
    const reader = new FrameReader((type, hub, bytes, from, to) => {
      if (type === EVENT) this.#logs[hub]?.append(bytes, from, to, peer)
      else if (type === ATTACH) this.#attach(peer, decodeRequest(bytes, from, to))
      else if (type === DETACH) this.#logs[hub]?.detach(peer)
    })
    socket.on('data', (piece: Buffer) => {
      reader.push(piece)
    })
    socket.on('error', () => undefined) // the worker is gone, and 'close' follows
    socket.on('close', () => {
      for (const log of this.#logs) log.detach(peer)
    })
  }

  #attach(peer: LogPeer, request: AttachRequest): void {
    let number = this.#numbers.get(request.name)
    if (number === undefined) {
      number = this.#logs.length
      this.#numbers.set(request.name, number)
      this.#logs.push(new HubLog(request.name, number))
    }
    this.#logs[number]?.attach(peer, request)
  }
}
