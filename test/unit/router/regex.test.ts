import { describe, expect, it } from 'vitest'
import { answer, paramsOf, routerOf } from './router-of.js'

describe('regular expressions', () => {
  it('must match the whole segment', () => {
    const uri = String.raw`/p/<v:[a-z]{3}\d+>`
    expect(paramsOf(uri, '/p/abc12')).toEqual({ v: 'abc12' })
    expect(paramsOf(uri, '/p/abc12x')).toBeUndefined()
    expect(paramsOf(uri, '/p/xabc12')).toBeUndefined()
    expect(paramsOf('/<v:a1|b2>', '/a1x')).toBeUndefined()
    expect(paramsOf('/<v:^[a-z]$>', '/a')).toEqual({ v: 'a' })
  })

  it('may match the empty segment', () => {
    const uri = '/folder/<folder_id:[A-Za-z0-9]{0,4}>'
    expect(paramsOf(uri, '/folder/test')).toEqual({ folder_id: 'test' })
    expect(paramsOf(uri, '/folder/')).toEqual({ folder_id: '' })
    expect(paramsOf(uri, '/folder/test1')).toBeUndefined()
  })

  it('give the text of their group when they have one', () => {
    expect(paramsOf(String.raw`/<ext:file\.(txt)>`, '/file.txt')).toEqual({ ext: 'txt' })
    expect(paramsOf(String.raw`/<ext:file(?:\.)(txt)>`, '/file.txt')).toEqual({ ext: 'txt' })
    expect(paramsOf('/<v:x(y)?>', '/x')).toEqual({ v: '' })
  })

  it.each(['(?P<ext>txt)', '(?<ext>txt)'])('take a named group as in %s', (group) => {
    expect(paramsOf(String.raw`/<ext:file\.${group}>`, '/file.txt')).toEqual({ ext: 'txt' })
  })

  it('may have a named group followed by an optional rest, as in a test of Sanic', () => {
    const uuid = '[A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12}'
    const uri = String.raw`/path/to/<id:(?P<id>${uuid})(?:\.[A-z]{1,4})?>`
    expect(paramsOf(uri, '/path/to/726a7d33-4bd5-46a3-a02d-37da7b4b029b.jpeg')).toEqual({
      id: '726a7d33-4bd5-46a3-a02d-37da7b4b029b',
    })
  })

  it('may refer back to their group by number or by name', () => {
    expect(paramsOf(String.raw`/<v:([ab])-\1>`, '/a-a')).toEqual({ v: 'a' })
    expect(paramsOf(String.raw`/<v:([ab])-\1>`, '/a-b')).toBeUndefined()
    expect(paramsOf(String.raw`/<v:(?P<v>[ab])-(?P=v)>`, '/b-b')).toEqual({ v: 'b' })
    expect(paramsOf(String.raw`/<v:(?<v>[ab])-\k<v>1>`, '/b-b1')).toEqual({ v: 'b' })
    expect(paramsOf(String.raw`/<x>/<a:path>/<v:([ab])-\1>`, '/x/y/b-b')).toEqual({ x: 'x', a: 'y', v: 'b' })
  })

  it('see one segment unless they name a slash', () => {
    expect(paramsOf('/<v:.+>', '/a/b')).toBeUndefined()
    expect(paramsOf('/<v:[^x]+>', '/a/b')).toBeUndefined()
    expect(paramsOf('/<v:[a-z/]+>', '/a/b')).toEqual({ v: 'a/b' })
    expect(paramsOf(String.raw`/<v:[a-z]+/\d+>/end`, '/a/5/end')).toEqual({ v: 'a/5' })
    expect(paramsOf(String.raw`/<v:[a-z]+\/\d+>`, '/a/5')).toEqual({ v: 'a/5' })
  })

  it('that name a slash only to keep it out stay in their segment', () => {
    const router = routerOf(['/x/<v:[^/]+>', '/x/<v:path>', '/x/<v:[a-z/]+>'])
    expect(answer(router, '/x/a')).toBe('/x/<v:[^/]+>')
    expect(answer(router, '/x/a/b')).toBe('/x/<v:[a-z/]+>')
  })

  it('may hold angle brackets in classes, escapes and names of groups', () => {
    expect(paramsOf('/<v:[<>]+>/x', '/<>/x')).toEqual({ v: '<>' })
    expect(paramsOf(String.raw`/<v:a\>b>`, '/a>b')).toEqual({ v: 'a>b' })
    expect(paramsOf('/<v:(?P<v>[a-z]+/x)-1>', '/ab/x-1')).toEqual({ v: 'ab/x' })
  })

  it('with a slash work with several parameters around them', () => {
    const uri = '/<a:int>/<v:[a-z/]+>/<b:int>'
    expect(paramsOf(uri, '/1/x/y/2')).toEqual({ a: 1, v: 'x/y', b: 2 })
    expect(paramsOf(uri, '/1/2')).toBeUndefined()
    expect(paramsOf('/<v:[a-z/]+>/<w:[0-9/]+>', '/a/b/1/2')).toEqual({ v: 'a/b', w: '1/2' })
  })

  it('accept an optional group with a repetition in it, which cannot explode', () => {
    expect(paramsOf(String.raw`/<v:\d+(?:\.\d+)?>`, '/1.25')).toEqual({ v: '1.25' })
    expect(paramsOf(String.raw`/<v:\d+(?:\.\d+)??>`, '/1')).toEqual({ v: '1' })
    expect(paramsOf(String.raw`/<v:[)?]\)?(a+)?>`, '/?)aa')).toEqual({ v: 'aa' })
  })
})
