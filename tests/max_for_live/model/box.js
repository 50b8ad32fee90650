"use strict";
// What every object of a patcher has: its box, its arguments, and outlets.

class Box {
    constructor(patch, box) {
        this.patch = patch;
        this.box = box;
        this.args = (box.text || "").split(" ").slice(1);
        this.value = (box.saved_attribute_attributes || {}).valueof || {};
    }

    out(outlet, ...atoms) {
        this.patch.send(this, outlet, atoms);
    }

    bad(atoms) {
        this.patch.errors.push(`${this.box.varname || this.box.text || this.box.maxclass}: doesn't understand ${atoms.join(" ")}`);
    }

    loaded() {}
    restore() {}
}

module.exports = {Box};
