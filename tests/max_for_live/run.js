"use strict";
// Runs every test of a file, and says how each went, a line of JSON each: {name, error}. `test(name, run)` is global.

const path = require("path");

const tests = [];
global.test = (name, run) => tests.push({name, run});
require(path.resolve(process.argv[2]));

async function main() {
    for (const {name, run} of tests) {
        let error = null;
        try {
            await run();
        } catch (failure) {
            error = String(failure.stack || failure);
        }
        console.log(JSON.stringify({name, error}));
    }
}

main().then(() => process.exit(0));
