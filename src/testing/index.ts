/** `usanic/testing`: a client for tests of an application, on a real server. */
export { BROKER_CONTRACT, type BrokerCase, type MakeBroker } from './broker-contract.js'
export { CookieJar } from './cookie-jar.js'
export { EventReader, EventStreamParser, type ReceivedEvent } from './event-reader.js'
export { TestClient, type Testable } from './test-client.js'
export { TestResponse, type TestRequestOptions, type TestValue } from './test-request.js'
export {
  HandshakeRefused,
  TestWebsocket,
  type TestWebsocketOptions,
  type WebsocketEnd,
} from './test-websocket.js'
