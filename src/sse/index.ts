/** `usanic/sse`: Server-Sent Events for an application. */
export type { SseClient } from './client.js'
export { ChannelNotFound, KeyError } from './errors.js'
export { Sse, type SendOptions, type SseSend, type SseSendNowait } from './extension.js'
export type { SseStats } from './hub.js'
export type { BeforeRequest, SseHooks, SseOptions } from './options.js'
