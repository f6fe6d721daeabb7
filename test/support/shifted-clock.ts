/** Sets the clock of this process forward by CLOCK_SHIFT_MS, or back: to be imported before anything that reads it. */
const shiftMs = Number(process.env['CLOCK_SHIFT_MS'] ?? 0)
const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  construct: (real, given: [], target) =>
    // reason: a constructor makes objects
    Reflect.construct(real, given.length === 0 ? [real.now() + shiftMs] : given, target) as object,
  get: (real, name) => (name === 'now' ? () => real.now() + shiftMs : (Reflect.get(real, name) as unknown)),
})
