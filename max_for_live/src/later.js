"use strict";
// Things to do when what is going on now is over: text fields have answered, Live has told its news. One Task serves
// all, for a Task that nobody holds may be collected before its time.

var LATER_MS = 5;

// `task_of(run)` makes a Task of Max.
exports.create = function (task_of) {
    var queue = [];
    var task = task_of(function () {
        var runs = queue;
        queue = [];
        runs.forEach(function (run) {
            run();
        });
    });

    return function (run) {
        queue.push(run);
        if (queue.length === 1) {
            task.schedule(LATER_MS);
        }
    };
};
