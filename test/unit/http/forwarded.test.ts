/** What proxies say is believed as far as the configuration goes. Cases after Sanic's test_requests. */
import { describe, expect, it } from 'vitest'
import type { Config } from '../../../src/base/config.js'
import { requestOf } from './fake-head.js'

const SECRET: Partial<Config> = { FORWARDED_SECRET: 'mySecret' }
const TRUSTING: Partial<Config> = { ...SECRET, REAL_IP_HEADER: 'x-real-ip', PROXIES_COUNT: 2 }

/** The forwarded values of a request with these header fields. */
function forwarded(config: Partial<Config>, ...fields: string[]): object {
  return { ...requestOf(fields, { config }).forwarded }
}

describe('without configuration', () => {
  it('nothing of it is believed', () => {
    const fields = [
      ['host', 'a:80'],
      ['forwarded', 'for=1.2.3.4;host=evil;proto=https;secret=mySecret'],
      ['x-forwarded-for', '1.2.3.4'],
      ['x-forwarded-host', 'evil'],
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-port', '1'],
      ['x-forwarded-path', '/evil'],
      ['x-real-ip', '1.2.3.4'],
      ['x-scheme', 'https'],
    ].flat()
    const request = requestOf(fields)
    expect({ ...request.forwarded }).toEqual({})
    expect([request.remoteAddr, request.clientIp, request.ip]).toEqual(['', '192.0.2.1', '192.0.2.1'])
    expect([request.scheme, request.host, request.serverPort, request.serverPath]).toEqual([
      'http',
      'a:80',
      80,
      '/',
    ])
  })
})

describe('Forwarded with a secret', () => {
  it.each([
    ['nothing', [], {}],
    [
      'the element with the secret, whatever stands left of it',
      ['for=1.1.1.1, for=injected;host=", for="[::2]";proto=https;host=me.tld;path="/app/";secret=mySecret'],
      { for: '[::2]', proto: 'https', host: 'me.tld', path: '/app/', secret: 'mySecret' },
    ],
    [
      'that element, whatever stands right of it',
      ['for="[::2]";secret=mySecret,for=broken;;secret=b0rked, for=127.0.0.3;scheme=http;port=1234'],
      { for: '[::2]', secret: 'mySecret' },
    ],
    [
      'both ends',
      ['Secret="mySecret";For=127.0.0.4;Port=1234'],
      { for: '127.0.0.4', port: 1234, secret: 'mySecret' },
    ],
    [
      'quoted pairs',
      ['for=test;quoted="\\,x=x;y=\\";secret=mySecret'],
      { for: 'test', quoted: '\\,x=x;y=\\', secret: 'mySecret' },
    ],
    [
      'nothing behind a break',
      ['for=test;secret=mySecret;b0rked;proto=wss;'],
      { for: 'test', secret: 'mySecret' },
    ],
    [
      'nothing before a break',
      ['for=test;b0rked;secret=mySecret;proto=wss'],
      { proto: 'wss', secret: 'mySecret' },
    ],
    [
      'what is there at the start',
      ['b0rked;secret=mySecret;proto=wss'],
      { proto: 'wss', secret: 'mySecret' },
    ],
    [
      'normalised values',
      [
        'PROTO=WSS;BY="CAFE::8000";FOR=unknown;PORT=X;HOST="A:2";PATH="/With%20Spaces%22Quoted%22/a?key=val";SECRET=mySecret',
      ],
      {
        proto: 'wss',
        by: '[cafe::8000]',
        host: 'a:2',
        path: '/With Spaces"Quoted"/a?key=val',
        secret: 'mySecret',
      },
    ],
    ['an obfuscated name as it is', ['for=_Hidden;by=mySecret'], { for: '_Hidden', by: 'mysecret' }],
    [
      'the rightmost of two',
      ['for=1.1.1.1;secret=mySecret, for=2.2.2.2;secret=mySecret'],
      { for: '2.2.2.2', secret: 'mySecret' },
    ],
    [
      'several fields as one',
      ['for=1.1.1.1;secret=mySecret', 'for=3.3.3.3'],
      { for: '1.1.1.1', secret: 'mySecret' },
    ],
    ['no other secret', ['for=1.1.1.1;secret=other'], {}],
    ['a secret as a value of another name no more', ['for=mySecret;host=evil'], {}],
    ['nonsense', ['.', '=;,"', 'mySecret'], {}],
  ])('gives %s', (_name, values, expected) => {
    expect(forwarded(SECRET, ...values.flatMap((value) => ['forwarded', value]))).toEqual(expected)
  })

  it('has names that reach no prototype', () => {
    const request = requestOf(['forwarded', 'constructor=1;__proto__=2;secret=mySecret'], { config: SECRET })
    expect(Object.keys(request.forwarded)).toEqual(['constructor', '__proto__', 'secret'])
    expect(Object.getPrototypeOf(request.forwarded)).toBe(Object.prototype)
  })

  it('is read in a time that grows with its length', () => {
    const value = `${'a=,;"b'.repeat(1300)};secret=mySecret`
    const begin = performance.now()
    forwarded(SECRET, 'forwarded', value, 'forwarded', `${'a'.repeat(8000)}mySecret`)
    expect(performance.now() - begin).toBeLessThan(1000)
  })
})

describe('X-Forwarded fields', () => {
  it('come after Forwarded, and only when that has no secret of ours', () => {
    const fields = ['x-real-ip', '127.0.0.2', 'x-forwarded-proto', 'ws']
    expect(forwarded(TRUSTING, 'forwarded', 'for=1.1.1.1;secret=mySecret', ...fields)).toMatchObject({
      for: '1.1.1.1',
    })
    expect(forwarded(TRUSTING, 'forwarded', 'for=1.1.1.1;secret=x', ...fields)).toEqual({
      for: '127.0.0.2',
      proto: 'ws',
    })
  })

  it('tell the client by REAL_IP_HEADER first', () => {
    expect(
      forwarded(
        TRUSTING,
        'x-real-ip',
        '127.0.0.2',
        'x-forwarded-for',
        '127.0.1.1',
        'x-scheme',
        'ws',
        'x-forwarded-host',
        'Me.TLD',
      ),
    ).toEqual({ for: '127.0.0.2', proto: 'ws', host: 'me.tld' })
    expect(forwarded(TRUSTING, 'x-real-ip', '')).toEqual({})
  })

  it.each([
    [1, '1.1.1.1, 2.2.2.2', '2.2.2.2'],
    [2, '1.1.1.1, 2.2.2.2', '1.1.1.1'],
    [2, '9.9.9.9,1.1.1.1 ,, 2.2.2.2', '1.1.1.1'],
    [3, '1.1.1.1, 2.2.2.2', undefined],
    [1, '', undefined],
    [1, 'unknown', undefined],
    [1, 'CAFE::1', '[cafe::1]'],
  ])('tell it as the %i. from the right in %j: %s', (count, field, expected) => {
    const config = { PROXIES_COUNT: count }
    expect(requestOf(['x-forwarded-for', field], { config }).forwarded.for).toBe(expected)
  })

  it('count over several fields, of the configured name', () => {
    const config = { PROXIES_COUNT: 2, FORWARDED_FOR_HEADER: 'X-Client' }
    expect(
      forwarded(config, 'x-client', '1.1.1.1', 'x-client', '2.2.2.2', 'x-forwarded-for', '3.3.3.3'),
    ).toEqual({ for: '1.1.1.1' })
  })

  it('let X-Forwarded-Proto win over X-Scheme, and decode path and port', () => {
    expect(
      forwarded(
        { REAL_IP_HEADER: 'x-real-ip' },
        ...['x-real-ip', '::1', 'x-scheme', 'http', 'x-forwarded-proto', 'HTTPS'],
        ...['x-forwarded-port', '142', 'x-forwarded-path', '/a%20b', 'x-forwarded-host', 'a:1'],
      ),
    ).toEqual({ for: '[::1]', proto: 'https', port: 142, path: '/a b', host: 'a:1' })
    expect(
      forwarded(
        { REAL_IP_HEADER: 'x-real-ip' },
        'x-real-ip',
        '1.1.1.1',
        'x-forwarded-port',
        'abc',
        'x-forwarded-path',
        '%',
      ),
    ).toEqual({
      for: '1.1.1.1',
      path: '%',
    })
  })
})

describe('what a request says of its server', () => {
  it.each([
    ['localhost:8000', 'localhost', 8000],
    ['LocalHost', 'localhost', 80],
    ['[::1]:81', '[::1]', 81],
    ['a:', 'a', 80],
    ['', '', 80],
  ])('by its Host %j', (host, name, port) => {
    const request = requestOf(['host', host], { query: 'a=1' })
    expect([request.host, request.serverName, request.serverPort]).toEqual([host, name, port])
    expect([request.url, request.scheme, request.serverPath]).toEqual([`http://${host}/?a=1`, 'http', '/'])
  })

  it('by the proxy', () => {
    const config = { REAL_IP_HEADER: 'x-real-ip' }
    const proxied = [
      'x-real-ip',
      '1.1.1.1',
      'x-forwarded-proto',
      'https',
      'x-forwarded-host',
      'me.tld',
      'x-forwarded-path',
      '/app',
    ]
    const request = requestOf(['host', 'inside:8000', ...proxied], { config })
    expect([request.host, request.serverName, request.serverPort]).toEqual(['me.tld', 'me.tld', 443])
    expect([request.url, request.serverPath, request.path]).toEqual(['https://me.tld/', '/app', '/'])
    expect(requestOf([...proxied, 'x-forwarded-port', '8443'], { config }).serverPort).toBe(8443)
    expect([request.remoteAddr, request.clientIp, request.ip]).toEqual(['1.1.1.1', '1.1.1.1', '192.0.2.1'])
  })

  it.each([
    ['my-server', 'http', 'my-server', 80],
    ['my-server:3000', 'http', 'my-server:3000', 3000],
    ['https://my-server:3000/path', 'https', 'my-server:3000', 3000],
    ['https://my-server', 'https', 'my-server', 443],
  ])('by SERVER_NAME %s, which wins over everything', (name, scheme, host, port) => {
    const config = { SERVER_NAME: name, REAL_IP_HEADER: 'x-real-ip' }
    const request = requestOf(['host', 'a', 'x-real-ip', '1.1.1.1', 'x-forwarded-host', 'b'], { config })
    expect([request.scheme, request.host, request.serverPort]).toEqual([scheme, host, port])
  })

  it('by its connection', () => {
    expect(requestOf([], { isSecure: true }).scheme).toBe('https')
    expect(requestOf(['upgrade', 'WebSocket'], { isSecure: true }).scheme).toBe('wss')
    expect(requestOf(['upgrade', 'websocket']).scheme).toBe('ws')
    expect(requestOf(['host', 'a'], { isSecure: true }).serverPort).toBe(443)
  })
})
