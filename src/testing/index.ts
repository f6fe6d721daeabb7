/** `usanic/testing`: a client for tests of an application, on a real server. */
export { EventReader, EventStreamParser, type ReceivedEvent } from './event-reader.js'
export { TestClient, type Testable } from './test-client.js'
