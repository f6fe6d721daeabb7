/**
 * Which parameters a handler gets, by the literal type of its uri. Only compiled, never run: a wrong type, or
 * a mistake that is not noticed (`@ts-expect-error` without an error), fails the type check.
 */
/* eslint-disable @typescript-eslint/no-generated-empty-object-type -- a route without parameters has none */
import type { Params, RouteParams } from '../../src/router/index.js'

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the only form that tells readonly apart
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only when every member is true. */
type AllTrue<T extends true[]> = T

/** Every type. */
export type EveryType = AllTrue<
  [
    Equal<Params<'/users/<id:int>/<rest:path>'>, { id: number; rest: string }>,
    Equal<Params<'/<v>'>, { v: string }>,
    Equal<Params<'/<v:str>'>, { v: string }>,
    Equal<Params<'/<v:strorempty>'>, { v: string }>,
    Equal<Params<'/<v:float>'>, { v: number }>,
    Equal<Params<'/<v:alpha>'>, { v: string }>,
    Equal<Params<'/<v:slug>'>, { v: string }>,
    Equal<Params<'/<v:uuid>'>, { v: string }>,
    Equal<Params<'/<day:ymd>'>, { day: Date }>,
  ]
>

/** ext gives two parameters. */
export type Ext = AllTrue<
  [
    Equal<Params<'/<f:ext>'>, { f: string; ext: string }>,
    Equal<Params<'/<f:ext=jpg|tar.gz>'>, { f: string; ext: string }>,
    Equal<Params<'/<f=int:ext>'>, { f: number; ext: string }>,
    Equal<Params<'/d/<f=ymd:ext=txt>/<n:int>'>, { f: Date; ext: string; n: number }>,
  ]
>

/** Regular expressions. */
export type RegularExpressions = AllTrue<
  [
    Equal<Params<'/<v:[a-z]{3}\\d+>'>, { v: string }>,
    Equal<Params<'/<v:[a-z/]+>/end/<n:int>'>, { v: string; n: number }>,
    Equal<Params<'/<v:(?P<v>[a-z]+):x>/<n:int>'>, { v: string; n: number }>,
    Equal<Params<'/x/<v:[<>]+>'>, { v: string }>,
  ]
>

/** Anywhere in the uri, with and without a trailing slash. */
export type Anywhere = AllTrue<
  [
    Equal<Params<'/a/<b>/c/<d:int>/e/'>, { b: string; d: number }>,
    Equal<Params<'/<a>/<b>/<c>/'>, { a: string; b: string; c: string }>,
  ]
>

/** None, and unknown. */
export type NoneAndUnknown = AllTrue<
  [
    Equal<Params<'/'>, Record<never, never>>,
    Equal<Params<'/users/me'>, Record<never, never>>,
    Equal<Params<string>, RouteParams>,
    Equal<Params<'/<a:int>' | '/<b>'>, { a: number } | { b: string }>,
  ]
>

// As a handler meets them
declare const params: Params<'/users/<id:int>/<day:ymd>/<name>'>
export const id: number = params.id
export const time: number = params.day.getTime()
export const name: string = params.name
// @ts-expect-error an int is a number
export const text: string = params.id
// @ts-expect-error a str is a string
export const count: number = params.name
// @ts-expect-error there is no such parameter
export const missing: unknown = params.missing

declare const none: Params<'/users'>
// @ts-expect-error a static route has no parameters
export const nothing: unknown = none.id

declare const some: Params<string>
export const value: string | number | Date | undefined = some['anything']
// @ts-expect-error parameters are read, not written
some['anything'] = 'x'
