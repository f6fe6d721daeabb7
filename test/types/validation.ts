/**
 * The types of validated values, as `handlers.ts` for all else: compiled twice, in both decorator modes.
 */
import { App, Blueprint, HTTPMethodView, json, post, route, text } from 'usanic'
import type { Params, Request, Valid } from 'usanic'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the only form that is exact
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for what is `true`. */
declare function holds(truth: true): void

const user = z.object({ name: z.string(), age: z.coerce.number() })
const page = v.object({ page: v.pipe(v.string(), v.transform(Number)) })
const form = type({ name: 'string', 'note?': 'string' })
const schemas = { json: user, query: page }

const app = new App('validated')
app.post(
  '/users/<id:int>',
  (request, params, { json: given, query }) => {
    holds(true satisfies Equal<typeof request, Request>)
    holds(true satisfies Equal<typeof params, { id: number }>)
    holds(true satisfies Equal<typeof given, { name: string; age: number }>)
    holds(true satisfies Equal<typeof query, { page: number }>)
    return json([given, query])
  },
  { validate: schemas },
)
app.put(
  '/form',
  async (_request, _params, { form: { name, note } }) => text(await Promise.resolve(name + (note ?? ''))),
  {
    validate: { form },
  },
)
app.addRoute((_request, _params, valid) => text(valid.json.name), '/add', {
  methods: ['PUT'],
  validate: { json: user },
})
app.route('/route', { methods: ['POST'], validate: { json: user } })((_request, _params, valid) =>
  text(valid.json.name),
)
new Blueprint('validated').patch('/users', (_request, _params, valid) => text(valid.json.name), {
  validate: { json: user },
})

// @ts-expect-error there is no schema for the query
app.post('/none', (_request, _params, { query }) => json(query), { validate: { json: user } })
// @ts-expect-error nor any at all
app.post('/none', (_request, _params, valid) => json(valid.json))
// @ts-expect-error the schema makes a number
app.post('/wrong', (_request, _params, { json: { age } }: { json: { age: string } }) => text(age), {
  validate: { json: user },
})
// @ts-expect-error that is a JSON Schema, no Standard Schema
app.post('/wrong', () => json(1), { validate: { json: { type: 'object' } } })
// @ts-expect-error no part of a request
app.post('/wrong', () => json(1), { validate: { body: user } })

class View extends HTTPMethodView {
  post(_request: Request, { id }: Params<'/view/<id:int>'>, { json: given }: Valid<typeof schemas>) {
    return json([id, given.age])
  }
}
app.addRoute(View.asView(), '/view/<id:int>', { validate: schemas })

export class Users {
  @post('/users/<id:int>', { validate: schemas })
  create(
    _request: Request,
    { id }: Params<'/users/<id:int>'>,
    { json: given, query }: Valid<typeof schemas>,
  ) {
    holds(true satisfies Equal<typeof given, { name: string; age: number }>)
    return json([id, given.age, query.page])
  }
  @route('/users', { methods: ['PUT'], validate: schemas }) less() {
    return text('values may be left alone')
  }
  // @ts-expect-error the schema makes a number
  @post('/wrong', { validate: schemas }) wrong(
    _request: Request,
    _params: object,
    given: { json: { age: string } },
  ) {
    return json(given)
  }
  // @ts-expect-error there is no schema for the form
  @post('/none', { validate: schemas }) none(_request: Request, _params: object, given: { form: object }) {
    return json(given)
  }
  // @ts-expect-error there are no schemas
  @post('/nothing') nothing(_request: Request, _params: object, given: Valid<typeof schemas>) {
    return json(given)
  }
}
