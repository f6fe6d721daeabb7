/**
 * A user's first program, in the manner of the README: `package.test.ts` copies it into an empty project beside
 * the packed package and runs it there, with both kinds of decorators, by tsx and as JavaScript made by tsc.
 */
/* eslint-disable @typescript-eslint/no-extraneous-class -- @app.route goes on static methods */
import { App, get, json, route, text, type Params, type Request } from 'usanic'
import { Sse } from 'usanic/sse'

const app = new App()
new Sse(app, { url: '/events' })

let kind = 'none'

/** Finds out which kind of decorators this file was compiled with. */
function askKind(_target: unknown, place: unknown): void {
  kind = typeof place === 'object' ? 'standard' : 'legacy'
}

class Views {
  @route('/send', { methods: ['POST'] })
  async send(request: Request) {
    const recipients = await request.app.sseSend(JSON.stringify(request.json), {
      event: 'note',
      eventId: '1',
    })
    return json({ recipients })
  }

  @askKind
  @get('/kind')
  kind() {
    return text(kind)
  }
}

class MoreViews extends Views {
  @get('/users/<id:int>')
  user(_request: Request, { id }: Params<'/users/<id:int>'>) {
    return json({ id })
  }
}

class Health {
  static state = 'fine'

  @app.route('/health')
  static health() {
    return text(Health.state)
  }
}

app.register(MoreViews)
console.error(`Health is ${Health.state}`)

await app.run({ port: Number(process.env['PORT'] ?? 8000) })
