"use strict";
// Time for Max's Task objects: made up, and stepped through by the test; or real, and faster.

// `advance(ms)` runs everything that is due until then, in order.
class MadeUpClock {
    constructor() {
        this.now = 0;
        this.due = [];
        this.serial = 0;
    }

    after(ms, run) {
        const entry = {at: this.now + ms, order: this.serial++, run};
        this.due.push(entry);
        return entry;
    }

    cancel(entry) {
        this.due = this.due.filter((one) => one !== entry);
    }

    advance(ms) {
        const end = this.now + ms;
        for (;;) {
            const next = this.due.filter((one) => one.at <= end)
                .sort((a, b) => a.at - b.at || a.order - b.order)[0];
            if (!next) {
                break;
            }
            this.cancel(next);
            this.now = Math.max(this.now, next.at);
            next.run();
        }
        this.now = end;
    }
}

// The machine's own time, so many times faster.
class RealClock {
    constructor(speed = 1) {
        this.speed = speed;
    }

    after(ms, run) {
        return setTimeout(run, ms / this.speed);
    }

    cancel(entry) {
        clearTimeout(entry);
    }
}

module.exports = {MadeUpClock, RealClock};
