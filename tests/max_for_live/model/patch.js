"use strict";
// A patcher, running: its boxes as objects, and messages along its cords, right to left as Max orders them.

const fs = require("fs");
const path = require("path");
const {OBJECTS} = require("./objects");
const {Js} = require("./js_object");

const read = new Map(); // patchers by folder: nothing of them is changed

function patcher_in(folder) {
    if (!read.has(folder)) {
        read.set(folder, JSON.parse(fs.readFileSync(path.join(folder, "patcher.json"), "utf8")));
    }
    return read.get(folder);
}

class Patch {
    // `folder` holds patcher.json and the script; `saved` what a Set kept of the parameters, by their long names.
    constructor({folder, clock, network, live, saved = {}}) {
        Object.assign(this, {folder, clock, network, live, errors: []});
        this.is_alive = true;
        this.alive = () => this.is_alive;
        const patcher = patcher_in(folder);
        this.objects = new Map(patcher.boxes.map(({box}) => [box.id, this.make(box)]));
        this.cords = patcher.lines.map(({patchline}) => patchline);
        this.parameters = [...this.objects.values()].filter(({box}) => box.parameter_enable === 1);
        this.parameters.forEach((object) => this.restore(object, saved));
        this.load();
    }

    make(box) {
        const name = box.maxclass === "newobj" ? box.text.split(" ")[0] : box.maxclass;
        return name === "js" ? new Js(this, box) : new OBJECTS[name](this, box);
    }

    restore(object, saved) {
        const name = object.value.parameter_longname;
        if (Object.hasOwn(saved, name)) {
            object.restore(saved[name]);
        }
    }

    // As Live loads a device: parameters say their values, then live.thisdevice bangs.
    load() {
        this.parameters.forEach((object) => object.loaded());
        this.live.is_ready = true;
        [...this.objects.values()].filter(({box}) => box.text === "live.thisdevice").forEach((one) => one.out(0, "bang"));
    }

    send(source, outlet, atoms) {
        this.cords.filter((cord) => cord.source[0] === source.box.id && cord.source[1] === outlet)
            .map((cord) => this.objects.get(cord.destination[0]))
            .sort((one, other) => other.box.patching_rect[0] - one.box.patching_rect[0])
            .forEach((object) => object.receive(0, atoms));
    }

    widget(group, name) {
        const found = [...this.objects.values()].find(({box}) => box.varname === `${group}_${name}`);
        if (!found) {
            throw new Error(`there is no widget ${group} ${name}`);
        }
        return found;
    }

    get script() {
        return [...this.objects.values()].find((object) => object instanceof Js);
    }

    get receiver() {
        return [...this.objects.values()].find(({box}) => (box.text || "").startsWith("udpreceive"));
    }

    // What Live keeps in the Set.
    saved() {
        return Object.fromEntries(this.parameters.map((object) => [object.value.parameter_longname, object.saved()]));
    }

    // The device is taken out of the Set.
    remove() {
        this.script.context.notifydeleted();
        this.is_alive = false;
    }
}

module.exports = {Patch};
