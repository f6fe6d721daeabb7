/**
 * Loaded first where a peer is CommonJS: the native build's package is a module alone and refuses `require` by its
 * name. Its file can be required.
 */
const { Module } = process.getBuiltinModule('node:module')

const file = `${__dirname}/../node_modules/uWebSockets.js/dist/index.mjs`
const resolve = Module._resolveFilename
Module._resolveFilename = function (request, ...rest) {
  return request === 'uWebSockets.js' ? file : resolve.call(this, request, ...rest)
}
