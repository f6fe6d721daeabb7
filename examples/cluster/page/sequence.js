/**
 * Looks whether an event is missing, or came twice. With `history` an event's id is its position, `1.<epoch>.<seq>`:
 * all nodes give the same ones, and everything here goes to everybody, so each is one more than the one before.
 */
export class Sequence {
  seen = 0
  missing = 0
  repeated = 0
  #epoch
  #seq = 0

  /** Takes the id of an event; returns its place in the order. */
  event(id) {
    const { epoch, seq } = parse(id)
    if (epoch === this.#epoch && seq <= this.#seq) {
      this.repeated++
    } else {
      if (epoch === this.#epoch) this.missing += seq - this.#seq - 1
      this.seen++
      this.#moveTo(epoch, seq)
    }
    return seq
  }

  /** Takes a position that is no event's: all up to there should have come. */
  position(id) {
    const { epoch, seq } = parse(id)
    if (epoch === this.#epoch && seq > this.#seq) this.missing += seq - this.#seq
    this.#moveTo(epoch, seq)
  }

  #moveTo(epoch, seq) {
    this.#epoch = epoch
    this.#seq = seq
  }
}

function parse(id) {
  const [, epoch, seq] = id.split('.')
  return { epoch, seq: Number(seq) }
}
