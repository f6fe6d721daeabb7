/** `usanic/redis`: one order of events for many machines. */
export { RedisBroker } from './broker.js'
export type { RedisBrokerOptions, RedisHistoryOptions } from './options.js'
