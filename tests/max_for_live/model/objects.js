"use strict";
// The Max objects of the device, as documented: what each does with a message, and what comes out of it. A message is
// a list of atoms; one that begins with a number is a list or a number. What an object does not understand is an error,
// as it is in Max's console.

const {Box} = require("./box");
const {LiveNumber, LiveText, LiveMenu} = require("./live_objects");

class Route extends Box {
    receive(inlet, atoms) {
        const index = this.args.indexOf(String(atoms[0]));
        if (index < 0) {
            this.out(this.args.length, ...atoms);
        } else {
            this.out(index, ...(atoms.length > 1 ? atoms.slice(1) : ["bang"]));
        }
    }
}

class Prepend extends Box {
    receive(inlet, atoms) {
        this.out(0, ...this.args, ...atoms);
    }
}

class Message extends Box {
    receive() {
        this.out(0, ...this.box.text.split(" "));
    }
}

class Deferlow extends Box {
    receive(inlet, atoms) {
        this.patch.clock.after(0, () => this.out(0, ...atoms));
    }
}

class ThisDevice extends Box {
    receive(inlet, atoms) {
        this.bad(atoms);
    }
}

class TextEdit extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.text = box.text || "";
    }

    receive(inlet, atoms) {
        if (atoms[0] === "set") {
            this.text = atoms.slice(1).join(" ");
        } else if (atoms[0] === "bang") {
            this.out(0, "text", this.text);
        } else {
            this.bad(atoms);
        }
    }

    type(text) {
        this.text = text;
    }

    // keymode 1
    press_return() {
        this.out(0, "text", this.text);
    }

    saved() {
        return this.text;
    }

    restore(text) {
        this.text = text;
    }
}

class UMenu extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.items = box.items.filter((item) => item !== ",");
        this.index = 0;
    }

    receive(inlet, atoms) {
        if (atoms[0] === "clear") {
            this.items = [];
        } else if (atoms[0] === "append") {
            this.items.push(atoms.slice(1).join(" "));
        } else if (atoms[0] === "set" && this.items[atoms[1]] !== undefined) {
            this.index = atoms[1];
        } else {
            this.bad(atoms);
        }
    }

    choose(item) {
        this.index = this.items.indexOf(item);
        if (this.index < 0) {
            throw new Error(`no item ${item} among ${this.items}`);
        }
        this.out(1, item);
        this.out(0, this.index);
    }

    get shown() {
        return this.items[this.index];
    }
}

class MultiSlider extends Box {
    receive(inlet, atoms) {
        const [low, high] = this.box.setminmax;
        if (typeof atoms[0] !== "number") {
            this.bad(atoms);
        } else {
            this.level = Math.min(high, Math.max(low, atoms[0]));
        }
    }
}

class Panel extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.color = box.bgcolor;
    }

    receive(inlet, atoms) {
        const color = atoms.slice(1);
        if (atoms[0] !== "bgfillcolor" || color.length !== 4 || color.some((part) => !(part >= 0 && part <= 1))) {
            this.bad(atoms);
        } else {
            this.color = color;
        }
    }
}

class Comment extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.text = box.text;
        this.told = []; // all that ever stood there
    }

    receive(inlet, atoms) {
        if (atoms[0] === "set") {
            this.text = atoms.slice(1).join(" ");
            this.told.push(this.text);
        } else {
            this.bad(atoms);
        }
    }
}

class Pattr extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.content = [0];
    }

    receive(inlet, atoms) {
        if (atoms[0] !== "bang") {
            this.content = atoms;
        }
        this.out(0, ...this.content);
    }

    saved() {
        return this.content;
    }

    restore(content) {
        this.content = content;
    }
}

class UdpSend extends Box {
    constructor(patch, box) {
        super(patch, box);
        [this.host, this.port] = [this.args[0], Number(this.args[1])];
        this.sender = patch.network.sender();
    }

    receive(inlet, atoms) {
        if (atoms[0] === "port") {
            this.port = atoms[1];
        } else {
            this.sender.send(this.host, this.port, atoms);
        }
    }
}

class UdpReceive extends Box {
    constructor(patch, box) {
        super(patch, box);
        this.receiver = patch.network.receiver((atoms) => this.patch.clock.after(0, () => this.out(0, ...atoms)));
    }

    receive(inlet, atoms) {
        if (atoms[0] === "port") {
            this.port = atoms[1];
            this.receiver.listen(atoms[1]);
        } else {
            this.bad(atoms);
        }
    }
}

class Silent extends Box {
    receive(inlet, atoms) {
        this.bad(atoms);
    }
}

const OBJECTS = {
    route: Route, prepend: Prepend, message: Message, deferlow: Deferlow, "live.thisdevice": ThisDevice,
    "live.text": LiveText, "live.numbox": LiveNumber, "live.menu": LiveMenu, textedit: TextEdit, umenu: UMenu,
    multislider: MultiSlider, panel: Panel, comment: Comment, pattr: Pattr, udpsend: UdpSend, udpreceive: UdpReceive,
    "plugin~": Silent, "plugout~": Silent, "live.banks": Silent
};

module.exports = {OBJECTS};
