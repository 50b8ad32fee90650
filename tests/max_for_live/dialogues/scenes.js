"use strict";
const assert = require("assert");
const {World} = require("../model/world");

function connected() {
    const world = new World();
    world.connect();
    world.forget_sent();
    return world;
}

test("a scene is saved and loaded by the name in the field", () => {
    const world = connected();
    world.type("set", "scene", "drop 2");
    world.press("set", "save");
    world.press("set", "load");
    const [[saved, id]] = world.sent("/rg/scene/save");
    assert.strictEqual(saved, "drop 2");
    assert.strictEqual(world.sent("/rg/scene/load")[0][0], "drop 2");
    world.say("/rg/done", "/rg/scene/save", id);
    assert.strictEqual(world.log, "scene saved: drop 2: done");
});

test("without a name nothing is saved", () => {
    const world = connected();
    world.press("set", "save");
    assert.deepStrictEqual(world.network.sent, []);
    assert.strictEqual(world.log, "Type the name of the scene first");
});

test("the menu lists the scenes of the engine, and choosing one fills the field", () => {
    const world = new World();
    world.connect();
    assert.strictEqual(world.sent("/rg/scene/list").length, 1);
    world.say("/rg/scene/name", 1, 2, "intro");
    world.say("/rg/scene/name", 2, 2, "drop 2");
    assert.deepStrictEqual(world.widget("set", "scenes").items, ["scenes", "intro", "drop 2"]);
    world.widget("set", "scenes").choose("drop 2");
    assert.strictEqual(world.widget("set", "scene").text, "drop 2");
    world.press("set", "load");
    assert.strictEqual(world.sent("/rg/scene/load")[0][0], "drop 2");
    world.say("/rg/scene/save", "outro");
    assert.strictEqual(world.sent("/rg/scene/list").length, 2);
    world.say("/rg/scene/name", 0, 0, "");
    assert.deepStrictEqual(world.widget("set", "scenes").items, ["scenes"]);
});
