"use strict";
// Max's js object: a script in a context of its own, with Max's globals and no others. LiveAPI may not be used before
// Live's objects are there, and integers beyond 24 bits are not to be relied on.

const fs = require("fs");
const path = require("path");
const vm = require("vm");
const {Box} = require("./box");

const SAFE_INTEGER = 0x1000000;

const scripts = new Map(); // by file: compiled once, run for every device

function script_at(file) {
    if (!scripts.has(file)) {
        scripts.set(file, new vm.Script(fs.readFileSync(file, "utf8"), {filename: file}));
    }
    return scripts.get(file);
}

class Js extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.posted = [];
        const globals = {
            inlets: 1, outlets: 1, jsarguments: this.args, messagename: "",
            outlet: (number, ...atoms) => this.give(number, atoms.flat()),
            post: (...atoms) => this.posted.push(atoms.join(" ")),
            error: (...atoms) => patch.errors.push(atoms.join(" ")),
            Task: this.task_class(), LiveAPI: patch.live.api_class()
        };
        this.context = vm.createContext(globals);
        script_at(path.join(patch.folder, this.args[0])).runInContext(this.context);
    }

    give(outlet, atoms) {
        if (outlet >= this.box.numoutlets || atoms.some((atom) => !this.can_leave(atom))) {
            throw new Error(`outlet ${outlet} of js cannot give ${JSON.stringify(atoms)}`);
        }
        this.out(outlet, ...atoms);
    }

    can_leave(atom) {
        return typeof atom === "string" || (Number.isFinite(atom) && Math.abs(atom) < SAFE_INTEGER);
    }

    task_class() {
        const {clock, alive} = this.patch;
        return class Task {
            constructor(run) {
                this.run = run;
                this.entry = null;
            }

            schedule(ms) {
                this.cancel();
                this.entry = clock.after(ms, () => {
                    this.entry = null;
                    if (alive()) {
                        this.run();
                    }
                });
            }

            cancel() {
                if (this.entry !== null) {
                    clock.cancel(this.entry);
                    this.entry = null;
                }
            }
        };
    }

    receive(inlet, atoms) {
        const [name, ...args] = typeof atoms[0] === "string" ? atoms : ["list", ...atoms];
        const handler = this.context[name];
        this.context.messagename = name;
        if (typeof handler === "function") {
            handler.apply(this.context, args);
        } else if (typeof this.context.anything === "function") {
            this.context.anything.apply(this.context, args);
        } else {
            this.bad(atoms);
        }
    }
}

module.exports = {Js};
