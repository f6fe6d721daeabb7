/** `usanic/sse`: Server-Sent Events for an application. */
export type { Broker, BrokerEvent, BrokerTail } from './broker.js'
export type { SseClient } from './client.js'
export type { SseStats } from './counters.js'
export { newEpoch, type Cursor } from './cursor.js'
export { ChannelNotFound, KeyError } from './errors.js'
export type { AnyEvents, EventName, SendOptions } from './events.js'
export { Sse, type SseSend, type SseSendNowait } from './extension.js'
export type {
  BeforeRequest,
  ChannelsHook,
  FlushOptions,
  HistoryOptions,
  SlowPolicy,
  SseCorsOptions,
  SseHooks,
  SseOptions,
} from './options.js'
export type { OwnStreamOptions, SourceEvent, StreamSource } from './streams.js'
export type { EventFields } from './wire.js'
