// A clock that stands still until everything waits, and then jumps to the next timer.
//
// In between, one turn of Node's event loop lets all that can go on go on. What runs on this clock must therefore wait
// for nothing but timers and promises; the order of its steps then depends on nothing but itself.

const START = Date.UTC(2026, 0, 1);
const LONGEST = 3_600_000; // ms, of a story

export class VirtualTime {
  now = START;
  #made = 0;
  /** A heap by time, then age. @type {{at: number, made: number, call: () => void}[]} */ #timers =
    [];

  /** ms since the start */
  get passed() {
    return this.now - START;
  }

  /** @param {() => void} call @param {number} ms */
  setTimeout = (call, ms = 0) => {
    this.#push({ at: this.now + Math.max(0, Math.ceil(ms)), made: this.#made++, call });
  };

  /** @param {number} ms @returns {Promise<void>} */
  sleep(ms) {
    return new Promise((resolve) => this.setTimeout(resolve, ms));
  }

  /** Lets time pass until the promise settles. @template T @param {Promise<T>} promise @returns {Promise<T>} */
  async run(promise) {
    let settled = false;
    const settle = () => void (settled = true);
    promise.then(settle, settle);
    for (;;) {
      await new Promise(setImmediate);
      if (settled) return promise;
      const timer = this.#pop();
      if (timer === undefined) throw new Error("everything waits, and for nothing");
      if (timer.at > START + LONGEST) throw new Error("this takes too long");
      this.now = timer.at;
      timer.call();
    }
  }

  #push(timer) {
    const timers = this.#timers;
    let i = timers.length;
    for (; i > 0 && before(timer, timers[(i - 1) >> 1]); i = (i - 1) >> 1)
      timers[i] = timers[(i - 1) >> 1];
    timers[i] = timer;
  }

  #pop() {
    const timers = this.#timers;
    const [first] = timers;
    const last = timers.pop();
    if (timers.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= timers.length) break;
      if (child + 1 < timers.length && before(timers[child + 1], timers[child])) child++;
      if (!before(timers[child], last)) break;
      timers[i] = timers[child];
      i = child;
    }
    timers[i] = last;
    return first;
  }
}

function before(a, b) {
  return a.at < b.at || (a.at === b.at && a.made < b.made);
}
