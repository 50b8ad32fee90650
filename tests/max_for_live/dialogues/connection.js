"use strict";
const assert = require("assert");
const {World} = require("../model/world");

const GREEN = [0.36, 0.78, 0.38, 1];
const AMBER = [1, 0.66, 0.16, 1];

function light(world) {
    return world.widget("set", "connection").color;
}

function ports_said(world) {
    return world.sent("/rg/hello").map(([, port]) => port);
}

test("it says hello with the port that it listens at, and turns green when it is answered", () => {
    const world = new World();
    assert.deepStrictEqual(world.sent("/rg/hello"), [["Max for Live", world.patch.receiver.port, -1]]);
    world.connect();
    assert.deepStrictEqual(light(world), GREEN);
    assert.strictEqual(world.widget("set", "status").text, "default (0.1.0)");
});

test("without an answer it says hello every second, and from the fourth on listens at another port", () => {
    const world = new World();
    world.wait(3000);
    const ports = ports_said(world);
    assert.strictEqual(ports.length, 4);
    assert.strictEqual(new Set(ports.slice(0, 3)).size, 1);
    assert.notStrictEqual(ports[3], ports[0]);
    assert.strictEqual(world.patch.receiver.port, ports[3]);
    assert.ok(ports.every((port) => port >= 9140 && port < 9900));
});

test("each port gets one hello more than the one before, until the engine is found", () => {
    const world = new World();
    world.wait(12000);
    const counts = {};
    ports_said(world).forEach((port) => {
        counts[port] = (counts[port] || 0) + 1;
    });
    assert.deepStrictEqual(Object.values(counts).sort(), [3, 4, 5, 1].sort());
    world.connect();
    const port = world.patch.receiver.port;
    world.wait(7500);
    assert.strictEqual(world.patch.receiver.port, port);
    world.wait(1000);
    assert.notStrictEqual(world.patch.receiver.port, port);
});

test("connected, it pings often enough to keep its lease, though the engine never stops talking", () => {
    const world = new World();
    world.connect();
    world.forget_sent();
    for (let second = 0; second < 60; second += 1) {
        world.wait(1000);
        world.say("/rg/track/drums/level", -12);
    }
    assert.ok(world.sent("/rg/ping").length >= 15);
    assert.deepStrictEqual(world.sent("/rg/hello"), []);
    assert.deepStrictEqual(light(world), GREEN);
});

test("when the engine falls silent it says hello again, and turns amber", () => {
    const world = new World();
    world.connect();
    world.forget_sent();
    world.wait(5100);
    assert.ok(world.sent("/rg/hello").length >= 1);
    assert.deepStrictEqual(light(world), GREEN);
    world.wait(3000);
    assert.deepStrictEqual(light(world), AMBER);
    assert.strictEqual(world.widget("set", "status").text, "looking for the engine");
    world.connect();
    assert.deepStrictEqual(light(world), GREEN);
});

test("where the end of what it tells was lost, the engine is greeted once more, and all is well", () => {
    const world = new World();
    function listen(seconds) {
        world.forget_sent();
        for (let second = 0; second < seconds; second += 1) {
            world.wait(1000);
            world.say("/rg/track/drums/level", -12);
        }
        return world.sent("/rg/hello").length;
    }
    world.say("/rg/hello", "0.1.0", 30, "default");
    world.say("/rg/update", 1);
    assert.deepStrictEqual([listen(3), listen(2)], [0, 1]);
    world.connect();
    assert.deepStrictEqual(light(world), GREEN);
    assert.strictEqual(listen(10), 0);
});

test("an engine that has just started is greeted at once", () => {
    const world = new World();
    world.connect();
    world.forget_sent();
    world.say("/rg/startup", "0.1.0");
    assert.strictEqual(world.sent("/rg/hello").length, 1);
});

test("what another device of ours is answered drives it to another port, what other programs are does not", () => {
    const world = new World();
    world.connect();
    world.wait(3000);
    const [[own]] = world.sent("/rg/ping");
    const port = world.patch.receiver.port;
    world.say("/rg/pong", own);
    world.say("/rg/pong", 7);
    assert.strictEqual(world.patch.receiver.port, port);
    world.forget_sent();
    world.say("/rg/pong", own ^ 1);
    assert.notStrictEqual(world.patch.receiver.port, port);
    assert.deepStrictEqual(ports_said(world), [world.patch.receiver.port]);
});

test("two devices that got the same port part", () => {
    const world = new World();
    const other = world.open();
    world.wait(20);
    other.script.receive(0, ["ready"]);
    const shared = world.patch.receiver.port;
    other.receiver.receive(0, ["port", shared]);
    world.connect();
    world.network.answer = (atoms) => {
        if (atoms[0] === "/rg/ping") {
            world.network.say(shared, "/rg/pong", atoms[1]);
        }
    };
    world.wait(4000);
    assert.notStrictEqual(world.patch.receiver.port, other.receiver.port);
});

test("another port of the engine is spoken to at once, and is saved with the Set", () => {
    const world = new World();
    world.connect();
    world.forget_sent();
    world.widget("set", "port").turn(9300);
    world.wait(20);
    const sender = [...world.patch.objects.values()].find((one) => one.box.text === "udpsend 127.0.0.1 9130");
    assert.strictEqual(sender.port, 9300);
    assert.strictEqual(world.sent("/rg/hello").length, 1);
    assert.deepStrictEqual(light(world), AMBER);
    const again = new World({saved: world.patch.saved()});
    assert.strictEqual([...again.patch.objects.values()].find((one) => one.sender).port, 9300);
});

test("a preset that is loaded bangs live.thisdevice again, and that starts nothing twice", () => {
    const world = new World();
    world.connect();
    world.forget_sent();
    world.patch.script.receive(0, ["ready"]);
    world.wait(3100);
    assert.deepStrictEqual(world.sent("/rg/hello"), []);
    assert.strictEqual(world.sent("/rg/ping").length, 1);
});

test("a device that is taken out of the Set falls silent, and Live is not watched any more", () => {
    const world = new World({tracks: [["Vocals"]]});
    world.connect();
    world.patch.remove();
    world.forget_sent();
    world.wait(60000);
    world.live.change(world.live.song, "tempo", 90);
    world.wait(1000);
    assert.deepStrictEqual(world.network.sent, []);
    assert.deepStrictEqual(world.live.watchers, []);
});

test("nothing in a whole session is misunderstood by an object of Max or of Live", () => {
    const world = new World({tracks: [["Vocals"], ["Keys", {midi: true}]]});
    world.connect();
    world.wait(20000);
    assert.deepStrictEqual(world.patch.errors, []);
    assert.deepStrictEqual(world.live.errors, []);
});
