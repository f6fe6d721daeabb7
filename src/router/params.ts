/**
 * What a route's parameters are, at run time and at the type level.
 *
 * `Params` reads a uri pattern as a literal type and says which parameters a handler receives; the same
 * reading is done for real by `pattern.ts`, and `test/types/params.ts` holds the two together. A uri that is
 * not a literal has parameters of unknown names. Handlers' types in `app/` are built on it.
 */

/** What a parameter can be: `int` and `float` give numbers, `ymd` gives a Date, everything else a string. */
export type ParamValue = string | number | Date

/** The parameters of some route, when its pattern is not known to the compiler. */
export type RouteParams = Readonly<Record<string, ParamValue>>

/**
 * The parameters of the pattern `Uri`: `Params<'/users/<id:int>/<rest:path>'>` is
 * `{ id: number; rest: string }`. Regular expressions that hold both `>` and `/` are beyond it.
 */
export type Params<Uri extends string> = string extends Uri ? RouteParams : Flat<ReadSegments<Uri>>

/** A parameter fills its segment, so it ends with `>/` or at the end of the uri. */
type ReadSegments<Uri extends string> = Uri extends `${string}/<${infer Body}>/${infer Rest}`
  ? ReadParameter<Body> & ReadSegments<`/${Rest}`>
  : Uri extends `${string}/<${infer Body}>`
    ? ReadParameter<Body>
    : unknown

/** `name`, `name:type`, `name:ext…` or `name=type:ext…`. */
type ReadParameter<Body extends string> = Body extends `${infer Name}:${infer Type}`
  ? Type extends 'ext' | `ext=${string}`
    ? ReadExt<Name>
    : Record<Name, ValueOf<Type>>
  : Record<Body, string>

type ReadExt<Name extends string> = Name extends `${infer Plain}=${infer Type}`
  ? Record<Plain, ValueOf<Type>> & Record<'ext', string>
  : Record<Name | 'ext', string>

type ValueOf<Type extends string> = Type extends 'int' | 'float' ? number : Type extends 'ymd' ? Date : string

/** One object type instead of an intersection; without members it is `Record<never, never>`. */
type Flat<T> = { [K in keyof T]: T[K] }
