import { describe, expect, it } from 'vitest'
import { Router } from '../../../src/router/index.js'
import { answer, routerOf } from './router-of.js'

describe('methods', () => {
  it('one path has a route for each method', () => {
    const router = routerOf(['GET /m', 'POST /m', 'GET /m/<id:int>', 'PUT /m/<id:int>'])
    expect(answer(router, '/m')).toBe('GET /m')
    expect(answer(router, '/m', 'POST')).toBe('POST /m')
    expect(answer(router, '/m/1', 'PUT')).toBe('PUT /m/<id:int>')
  })

  it('the names of parameters belong to the method', () => {
    const router = routerOf(['GET /ads/<ad_id>', 'POST /ads/<action>'])
    expect(router.match('GET', '/ads/1')).toMatchObject({ params: { ad_id: '1' } })
    expect(router.match('POST', '/ads/post')).toMatchObject({ params: { action: 'post' } })
  })

  it('a method without a route is told the methods that have one, sorted', () => {
    const router = routerOf(['PUT /m', 'GET /m', 'POST /m'])
    expect(router.match('DELETE', '/m')).toMatchObject({
      found: false,
      path: '/m',
      allow: ['GET', 'POST', 'PUT'],
    })
  })

  it('a path without any route allows nothing', () => {
    expect(routerOf(['GET /m']).match('GET', '/n')).toMatchObject({ found: false, path: '/n', allow: [] })
  })

  it('a more specific route of another method does not hide a less specific one', () => {
    const router = routerOf(['GET /x/<id:int>', 'POST /x/<name:str>'])
    expect(answer(router, '/x/5')).toBe('GET /x/<id:int>')
    expect(answer(router, '/x/5', 'POST')).toBe('POST /x/<name:str>')
    expect(answer(router, '/x/5', 'DELETE')).toBe('405 GET,POST')
    expect(answer(router, '/x/five', 'DELETE')).toBe('405 POST')
  })

  it('a static route without the method gives way to dynamic ones that have it', () => {
    const router = routerOf(['GET /x/here', 'POST /x/<name>', 'PUT /x/<v:[a-z]+>', 'PATCH /<all:path>'])
    expect(answer(router, '/x/here', 'POST')).toBe('POST /x/<name>')
    expect(answer(router, '/x/here', 'PUT')).toBe('PUT /x/<v:[a-z]+>')
    expect(answer(router, '/x/here', 'PATCH')).toBe('PATCH /<all:path>')
    expect(answer(router, '/x/here', 'DELETE')).toBe('405 GET,PATCH,POST,PUT')
  })

  it('a method that several routes of a path have is allowed once', () => {
    const router = routerOf(['GET /x/<id:int>', 'GET /x/<v:str>', 'GET /x/<v:path>'])
    expect(answer(router, '/x/5', 'POST')).toBe('405 GET')
  })

  it('what is allowed are exactly the methods that would be answered, trailing slashes included', () => {
    const router = new Router<string>()
    router.add('GET', '/a', 'get')
    router.add('PUT', '/a', 'put', { strictSlashes: true })
    router.add('POST', '/a/', 'post', { strictSlashes: true })
    expect(answer(router, '/a', 'DELETE')).toBe('405 GET,PUT')
    expect(answer(router, '/a/', 'DELETE')).toBe('405 GET,POST')
    expect(answer(router, '/a//', 'DELETE')).toBe('405 GET')
    expect(answer(router, '/a/', 'PUT')).toBe('405 GET,POST')
  })

  it('methods are compared as they are', () => {
    expect(answer(routerOf(['GET /m']), '/m', 'get')).toBe('405 GET')
    expect(answer(routerOf(['BREW /pot']), '/pot', 'BREW')).toBe('BREW /pot')
  })
})

describe('answers', () => {
  it('a route without parameters gives the same answer every time, with parameters that cannot be written', () => {
    const router = routerOf(['/', '/m'])
    const first = router.match('GET', '/m')
    expect(router.match('GET', '/m')).toBe(first)
    expect(router.match('GET', '/m/')).toBe(first)
    expect(first.found && Object.isFrozen(first.params)).toBe(true)
    expect(first).toMatchObject({ found: true, value: '/m', params: {} })
  })

  it('any value can be registered, undefined too', () => {
    const router = new Router<unknown>()
    router.add('GET', '/u', undefined)
    router.add('GET', '/u/<id>', null)
    expect(router.match('GET', '/u')).toMatchObject({ found: true, value: undefined })
    expect(router.match('GET', '/u/1')).toMatchObject({ found: true, value: null })
  })

  it('routes are listed as registered', () => {
    const router = new Router<number>()
    router.add('GET', '/é/', 1)
    router.add('POST', '/x/<id:int>', 2, { strictSlashes: true })
    expect(router.routes.map(({ method, uri, value }) => [method, uri, value])).toEqual([
      ['GET', '/é/', 1],
      ['POST', '/x/<id:int>', 2],
    ])
  })

  it('routes may be added after the first match', () => {
    const router = routerOf(['/a'])
    expect(answer(router, '/b/1')).toBe('404')
    router.add('GET', '/b/<id:int>', 'late')
    expect(answer(router, '/b/1')).toBe('late')
  })
})
