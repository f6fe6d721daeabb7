import { describe, expect, it } from 'vitest'
import { answer, paramsOf, routerOf } from './router-of.js'

describe('ext', () => {
  it.each([
    ['a.tar.gz', 'a.tar', 'gz'],
    ['SomeFile.mp3', 'SomeFile', 'mp3'],
    ['some.MP3', 'some', 'MP3'],
    ['with.extra.dot', 'with.extra', 'dot'],
  ])('splits %s at the last dot', (text, name, ext) => {
    expect(paramsOf('/<name:ext>', `/${text}`)).toStrictEqual({ name, ext })
  })

  it.each(['somefile', 'SomeFile.', '.bashrc', '.', '..', 'a..txt', 'a/b.txt', ''])(
    'does not match %j',
    (text) => {
      expect(paramsOf('/<name:ext>', `/${text}`)).toBeUndefined()
    },
  )

  it('takes only the extensions it lists', () => {
    expect(paramsOf('/<name:ext=jpg|png>', '/with.extra.png')).toEqual({ name: 'with.extra', ext: 'png' })
    expect(paramsOf('/<name:ext=jpg|png>', '/a.gif')).toBeUndefined()
    expect(paramsOf('/<name:ext=jpg|png>', '/a.PNG')).toBeUndefined()
    expect(paramsOf('/<name:ext=jpg|png>', '/ajpg')).toBeUndefined()
    expect(paramsOf('/<name:ext=jpg|png>', '/.jpg')).toBeUndefined()
  })

  it('a listed extension may have dots, and the longest that fits is taken', () => {
    expect(paramsOf('/<name:ext=gz|tar.gz>', '/a.tar.gz')).toEqual({ name: 'a', ext: 'tar.gz' })
    expect(paramsOf('/<name:ext=gz|tar.gz>', '/a.b.gz')).toEqual({ name: 'a.b', ext: 'gz' })
    expect(paramsOf('/<name:ext=gz|tar.gz>', '/tar.gz')).toEqual({ name: 'tar', ext: 'gz' })
  })

  it('the name may be of a type', () => {
    expect(paramsOf('/<f=int:ext>', '/123.txt')).toEqual({ f: 123, ext: 'txt' })
    expect(paramsOf('/<f=int:ext=tar.gz|txt>', '/7.tar.gz')).toEqual({ f: 7, ext: 'tar.gz' })
    expect(paramsOf('/<f=int:ext=tar.gz|txt>', '/x.txt')).toBeUndefined()
    expect(paramsOf('/<f=float:ext=csv>', '/1.5.csv')).toEqual({ f: 1.5, ext: 'csv' })
    expect(paramsOf('/<f=ymd:ext>', '/2024-01-01.log')).toEqual({ f: new Date('2024-01-01'), ext: 'log' })
    expect(paramsOf('/<f=slug:ext>', '/A.log')).toBeUndefined()
  })

  it('a longest extension whose name is of the wrong type gives way to a shorter one', () => {
    expect(paramsOf('/<f=float:ext=5.gz|gz>', '/.1.5.gz')).toBeUndefined()
    expect(paramsOf('/<f=float:ext=2.5.gz|gz>', '/1.5.gz')).toEqual({ f: 1.5, ext: 'gz' })
  })

  it('stands beside other parameters, in the tree and beside a path', () => {
    expect(paramsOf('/<a:int>/<f:ext>/<b:int>', '/1/x.y/2')).toEqual({ a: 1, f: 'x', ext: 'y', b: 2 })
    expect(paramsOf('/<dir:path>/<f:ext>', '/a/b/x.y')).toEqual({ dir: 'a/b', f: 'x', ext: 'y' })
  })

  it('a typed name and a list are tried before a plain one', () => {
    const routes = ['/<f:ext>', '/<f:ext=txt>', '/<f=int:ext>', '/<f=int:ext=txt>']
    for (const order of [routes, routes.toReversed()]) {
      const router = routerOf(order)
      expect(answer(router, '/1.txt')).toBe('/<f=int:ext=txt>')
      expect(answer(router, '/1.csv')).toBe('/<f=int:ext>')
      expect(answer(router, '/a.txt')).toBe('/<f:ext=txt>')
      expect(answer(router, '/a.csv')).toBe('/<f:ext>')
    }
  })
})
