"use strict";
// Runs every test of the files that are named, and says how each went, a line of JSON each: {file, name, error}.
// `test(name, run)` is global.

const path = require("path");

const tests = [];

function load(file) {
    global.test = (name, run) => tests.push({file: path.basename(file, ".js"), name, run});
    require(path.resolve(file));
}

async function main() {
    process.argv.slice(2).forEach(load);
    for (const {file, name, run} of tests) {
        let error = null;
        try {
            await run();
        } catch (failure) {
            error = String(failure.stack || failure);
        }
        console.log(JSON.stringify({file, name, error}));
    }
}

main().then(() => process.exit(0));
