"use strict";
// Warp markers of a clip: [second, beat], those that can be seen, and the slope behind the last, which a shadow tells
// that stands a 32nd of a beat farther on. They stay in order; a second has one marker; one is always left.

const SHADOW_BEATS = 1 / 32;
const NEAR = 1e-4;

class Warps {
    constructor(points, slope) {
        this.points = points;
        this.slope = slope; // beats a second
    }

    beat_at(second) {
        const index = this.points.findIndex(([at]) => at > second);
        const [at, beat] = this.points[index < 0 ? this.points.length - 1 : Math.max(0, index - 1)];
        return beat + (second - at) * this.slope_at(index);
    }

    // Of the piece before a point; -1: behind the last.
    slope_at(index) {
        if (index < 0 || this.points.length < 2) {
            return this.slope;
        }
        const [before, after] = this.points.slice(Math.max(0, index - 1));
        return (after[1] - before[1]) / (after[0] - before[0]);
    }

    // Whether they are in order; if not, nothing changes.
    take(points) {
        const sorted = [...points].sort((one, other) => one[0] - other[0]);
        const is_in_order = sorted.every(([second, beat], index) => index === 0 ||
            (second > sorted[index - 1][0] && beat > sorted[index - 1][1]));
        if (sorted.length && is_in_order) {
            this.points = sorted;
            this.slope = this.slope_at(sorted.length > 1 ? sorted.length - 1 : -1);
        }
        return sorted.length > 0 && is_in_order;
    }

    has_second(second) {
        return this.points.some(([at]) => Math.abs(at - second) < NEAR);
    }

    others(beat) {
        return this.points.filter(([, at]) => Math.abs(at - beat) >= NEAR);
    }

    at_beat(beat) {
        return this.points.find(([, at]) => Math.abs(at - beat) < NEAR);
    }

    copy() {
        return new Warps([...this.points], this.slope);
    }

    // `unit`: how many of what the file's time is counted in are a second.
    json(unit = 1) {
        const [second, beat] = this.points[this.points.length - 1];
        const shadow = [second + SHADOW_BEATS / this.slope, beat + SHADOW_BEATS];
        const all = [...this.points, shadow];
        return JSON.stringify({warp_markers: all.map(([time, beat_time]) => ({sample_time: unit * time, beat_time}))});
    }
}

module.exports = {Warps};
