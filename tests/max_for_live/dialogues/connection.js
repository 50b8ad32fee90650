"use strict";
const assert = require("assert");
const {World} = require("../model/world");

const GREEN = [0.36, 0.78, 0.38, 1];
const AMBER = [1, 0.66, 0.16, 1];

test("it says hello with the port that it listens at, and turns green when it is answered", () => {
    const world = new World();
    const [[name, port, mask]] = world.sent("/rg/hello");
    assert.deepStrictEqual([name, mask], ["Max for Live", -1]);
    assert.strictEqual(port, world.patch.receiver.port);
    world.connect();
    assert.deepStrictEqual(world.widget("set", "connection").color, GREEN);
    assert.strictEqual(world.widget("set", "status").text, "default (0.1.0)");
});
