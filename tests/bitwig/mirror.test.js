'use strict';

// A setting that shows a value of the engine: what is sent, what is shown, moment by moment.

const {beforeEach, test} = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const {SCRIPTS} = require('./session.js');

let tasks; // what scheduleTask was given
let sent;
let project;
let setting;
let mirror;

beforeEach(() => {
  tasks = [];
  sent = [];
  project = {generation: 0};
  setting = {
    value: false, asked: [],
    markInterested() {},
    addValueObserver(callback) { this.observer = callback; },
    get() { return this.value; },
    set(value) { this.asked.push(value); }, // seen later, or never
  };
  const scope = vm.createContext({});
  vm.runInContext(fs.readFileSync(path.join(SCRIPTS, 'mirror.js'), 'utf8'), scope);
  const host = {scheduleTask: (task) => tasks.push(task)};
  mirror = new scope.Mirror(host, project, setting, scope.readFlag, (value) => sent.push(value));
});

function change(value) {
  setting.value = value;
  setting.observer(value);
}

test('what the musician changes is sent once, a moment later', () => {
  mirror.told(false);
  change(true);
  change(true);
  assert.deepEqual([sent, tasks.length], [[], 1]);
  tasks.shift()();
  assert.deepEqual(sent, [true]);
});

test('what is taken back within the moment is not sent', () => {
  mirror.told(false);
  change(true);
  change(false);
  tasks.shift()();
  assert.deepEqual(sent, []);
});

test('what changes with another project is not sent, and the truth is shown', () => {
  mirror.told(false);
  change(true);
  project.generation += 1;
  tasks.shift()();
  assert.deepEqual([sent, setting.asked], [[], [false]]);
});

test('before the engine has told anything nothing is sent', () => {
  change(true);
  assert.deepEqual([sent, tasks], [[], []]);
  mirror.told(false);
  assert.deepEqual(setting.asked, [false]);
});

test('what the engine tells is shown once, and does not come back', () => {
  mirror.told(true);
  change(true);
  mirror.told(true);
  assert.deepEqual([setting.asked, sent, tasks], [[true], [], []]);
});

test('an engine that is gone takes its truth along', () => {
  mirror.told(false);
  change(true);
  mirror.forget();
  tasks.shift()();
  assert.deepEqual([sent, setting.asked], [[], []]);
});
