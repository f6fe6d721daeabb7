/** Groups of blueprints, and whose version counts. */
import { describe, expect, it, test } from 'vitest'
import { Blueprint, BlueprintGroup, Forbidden, text, type RouteDefaults } from 'usanic'
import { TestClient } from 'usanic/testing'
import { answersOf, freshApp } from '../../support/fresh-app.js'

const NOT_FOUND = '404 ⚠️ 404 — Not Found'

function hello(name: string, options = {}): Blueprint {
  const bp = new Blueprint(name, options)
  bp.get('/', () => text(name))
  return bp
}

describe('a group', () => {
  test('puts its prefix before those of its members, groups among them', async () => {
    const { app } = freshApp()
    const inner = Blueprint.group(hello('a', { urlPrefix: '/a' }), hello('b', { urlPrefix: '/b' }), {
      urlPrefix: '/inner',
    })
    const outer = Blueprint.group(inner, hello('c', { urlPrefix: '/c' }), { urlPrefix: '/api' })
    app.blueprint(outer, { urlPrefix: '/site' })
    expect(await answersOf(app, '/site/api/inner/a', '/site/api/inner/b', '/site/api/c', '/api/c')).toEqual([
      '200 a',
      '200 b',
      '200 c',
      NOT_FOUND,
    ])
  })

  test('without options is its members alone', async () => {
    const { app } = freshApp()
    app.blueprint(Blueprint.group(hello('a', { urlPrefix: '/a' })))
    app.blueprint(new BlueprintGroup())
    expect(await answersOf(app, '/a')).toEqual(['200 a'])
  })

  test('has middleware for all its members, and only for what is registered through it', async () => {
    const { app } = freshApp()
    const calls: string[] = []
    const a = hello('a', { urlPrefix: '/a' })
    const inner = Blueprint.group(a, { urlPrefix: '/inner' })
    const outer = Blueprint.group(inner, hello('b', { urlPrefix: '/b' }), { urlPrefix: '/outer' })
    inner.onRequest((request) => void calls.push(`inner ${request.path}`))
    outer.onRequest((request) => void calls.push(`outer ${request.path}`), { priority: 1 })
    outer.onResponse((request) => void calls.push(`leaving ${request.path}`))
    app.blueprint(outer)
    app.blueprint(a, { urlPrefix: '/alone', namePrefix: 'alone' })
    await answersOf(app, '/outer/inner/a', '/outer/b', '/alone')
    expect(calls).toEqual([
      'outer /outer/inner/a',
      'inner /outer/inner/a',
      'leaving /outer/inner/a',
      'outer /outer/b',
      'leaving /outer/b',
    ])
  })

  test('has exception handlers that come after those of its members and before those of the application', async () => {
    const { app } = freshApp()
    const failing = (name: string) => {
      const bp = new Blueprint(name, { urlPrefix: `/${name}` })
      bp.get('/', () => {
        throw new Forbidden('x')
      })
      return bp
    }
    const own = failing('own')
    own.exception(Forbidden)(() => text('own'))
    const group = Blueprint.group(own, failing('none'))
    group.exception(Forbidden)(() => text('group'))
    app.exception(Forbidden)(() => text('app'))
    app.blueprint(group)
    app.blueprint(failing('outside'))
    expect(await answersOf(app, '/own', '/none', '/outside')).toEqual(['200 own', '200 group', '200 app'])
  })

  test('takes members later, registered at once wherever it is', async () => {
    const { app } = freshApp()
    const group = Blueprint.group({ urlPrefix: '/group' })
    app.blueprint(group)
    group.onResponse((_request, response) => {
      response.headers.set('x-group', 'yes')
    })
    group.append(hello('late', { urlPrefix: '/late' }))
    expect([...group].map((member) => (member as Blueprint).name)).toEqual(['late'])
    await using client = await TestClient.start(app)
    const response = await client.fetch('/group/late')
    expect([await response.text(), response.headers.get('x-group')]).toEqual(['late', 'yes'])
  })

  test('hands its slashes, host and name prefix to members that do not say', async () => {
    const { app } = freshApp()
    const group = Blueprint.group(
      hello('a', { urlPrefix: '/a' }),
      hello('b', { urlPrefix: '/b', strictSlashes: false }),
      {
        strictSlashes: true,
        namePrefix: 'v1',
      },
    )
    app.blueprint(group)
    expect(await answersOf(app, '/a', '/a/', '/b')).toEqual([NOT_FOUND, '200 a', '200 b'])
    expect(app.routes.map((route) => route.name)[0]).toMatch(/\.v1_a\./)
  })

  test('is refused with options that are none', () => {
    expect(() => Blueprint.group({ urlPrefix: 'api' })).toThrow('it begins with')
    expect(() => Blueprint.group(hello('a'), { urlprefix: '/x' } as never)).toThrow(
      'Did you mean "urlPrefix"?',
    )
  })
})

type Versions = readonly [RouteDefaults?, RouteDefaults?, RouteDefaults?, RouteDefaults?]

/** From Sanic's test_versioning: the path, and the options of route, registration, blueprint and group. */
const VERSIONS: readonly (readonly [path: string, versions: Versions])[] = [
  ['/v1', [{ version: 1 }]],
  ['/v1', [{}, {}, { version: 1 }]],
  ['/v1.1', [{ version: 1.1 }, {}, { version: 1 }]],
  ['/v1.2', [{}, { version: 1.2 }, { version: 1 }]],
  ['/v1', [{}, {}, {}, { version: 1 }]],
  ['/v1.1', [{}, {}, { version: 1.1 }, { version: 1 }]],
  ['/v1.2', [{}, { version: 1.2 }, { version: 1.1 }, { version: 1 }]],
  ['/v1.2', [{}, { version: 1.2 }, {}, { version: 1 }]],
  ['/v1.3', [{ version: 1.3 }, { version: 1.2 }, { version: 1.1 }, { version: 1 }]],
  ['/vbeta', [{ version: 'vbeta' }]],
  ['/v0', [{ version: 0 }, { version: 1 }]],
  ['/api/v1', [{ version: 1, versionPrefix: '/api/v' }]],
  ['/api/v1', [{}, {}, { version: 1, versionPrefix: '/api/v' }]],
  ['/api/v1.1', [{ version: 1.1, versionPrefix: '/api/v' }, {}, { version: 1, versionPrefix: '/ignored/v' }]],
  ['/api/v1', [{}, {}, {}, { version: 1, versionPrefix: '/api/v' }]],
  [
    '/api/v1.1',
    [{}, {}, { version: 1.1, versionPrefix: '/api/v' }, { version: 1, versionPrefix: '/ignored/v' }],
  ],
  [
    '/api/v1.2',
    [
      {},
      { version: 1.2, versionPrefix: '/api/v' },
      { versionPrefix: '/no/v' },
      { version: 1, versionPrefix: '/o/v' },
    ],
  ],
  [
    '/api/v1.3',
    [
      { version: 1.3, versionPrefix: '/api/v' },
      { version: 1.2, versionPrefix: '/no/v' },
      { versionPrefix: '/o/v' },
    ],
  ],
  ['/acme/v1', [{ version: 1, versionPrefix: '/<tenant:str>/v' }]],
]

describe('a version', () => {
  it.each(VERSIONS)('goes before everything, the innermost counts: %s of %j', async (path, versions) => {
    const [route, registration, own, group] = versions
    const { app } = freshApp()
    const bp = new Blueprint('bp', { ...own, urlPrefix: '/bp' })
    bp.get('/x', () => text('done'), route)
    app.blueprint(group === undefined ? bp : Blueprint.group(bp, group), registration)
    expect(await answersOf(app, `${path}/bp/x`, '/bp/x')).toEqual(['200 done', NOT_FOUND])
  })

  test('of an inner group comes before that of an outer one', async () => {
    const { app } = freshApp()
    const inner = Blueprint.group(hello('a', { urlPrefix: '/a' }), { version: 2 })
    app.blueprint(Blueprint.group(inner, hello('b', { urlPrefix: '/b' }), { version: 1 }))
    expect(await answersOf(app, '/v2/a', '/v1/b')).toEqual(['200 a', '200 b'])
  })
})
