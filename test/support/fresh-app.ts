/** Applications for one test each, and short questions to them. */
import { App, type AppOptions } from 'usanic'
import { TestClient } from 'usanic/testing'
import { QuietLogger } from './quiet-logger.js'

let apps = 0

/** An application with a name of its own (`fresh_<n>`) that logs nowhere, and its logger. */
export function freshApp(options: AppOptions = {}): { app: App; logger: QuietLogger } {
  const logger = new QuietLogger()
  return { app: new App(`fresh_${++apps}`, { logger, ...options }), logger }
}

/** What `app` answers to each of `targets`, such as `/path` or `POST /path`: status and body. */
export async function answersOf(app: Pick<App, 'listen' | 'stop'>, ...targets: string[]): Promise<string[]> {
  await using client = await TestClient.start(app)
  const answers: string[] = []
  for (const target of targets) {
    const [path = '', method = 'GET'] = target.split(' ').reverse()
    const response = await client.fetch(path, { method })
    answers.push(`${response.status} ${(await response.text()).split('\n', 1)[0] ?? ''}`.trimEnd())
  }
  return answers
}
