"use strict";
// One object of Live's: an id for as long as Live runs, properties and children.

class Node {
    constructor(live, kind) {
        live.nodes = live.nodes || new Map();
        this.live = live;
        this.kind = kind;
        this.id = live.nodes.size + 1;
        this.values = {};
        this.writable = [];
        this.functions = [];
        this.is_alive = true;
        live.nodes.set(this.id, this);
    }

    get children() {
        return {};
    }

    read(name) {
        const child = this.children[name];
        return child === undefined ? this.values[name] : child === null ? ["id", 0] : child;
    }

    write(name, value) {
        if (!this.writable.includes(name) || this.live.refuses(name)) {
            this.live.error(`set: ${this.kind} does not take ${name} ${value}`);
        } else {
            this.live.change(this, name, value);
        }
    }

    die() {
        this.is_alive = false;
    }
}

module.exports = {Node};
