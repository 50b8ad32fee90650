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
    getRaw() { return this.value; },
    setRaw(value) { this.asked.push(value); },
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

test('two values told within a moment are nobody\'s wish, though the first is seen after the second', () => {
  mirror.told(true);
  mirror.told(false);
  assert.deepEqual(setting.asked, [true, false]);
  change(true);
  change(false);
  tasks.shift()();
  while (tasks.length) {
    tasks.shift()();
  }
  assert.deepEqual([sent, setting.value], [[], false]);
});

test('a third that is told meanwhile is shown when the two have been seen', () => {
  mirror.told(true);
  mirror.told(false);
  change(true);
  mirror.told(true);
  change(false);
  while (tasks.length) {
    tasks.shift()();
  }
  assert.deepEqual([sent, setting.asked], [[], [true, false, true]]);
});

test('what the engine says while a hand is at it does not pull it back; where it rests is sent', () => {
  setting.value = 0;
  mirror.told(0);
  change(10);
  mirror.told(5);
  change(12);
  tasks.shift()();
  assert.deepEqual([sent, setting.asked], [[], []]);
  tasks.shift()();
  assert.deepEqual([sent, setting.asked, tasks], [[12], [], []]);
});

test('what another project brings while it opens is not sent, though its name came first', () => {
  mirror.told(false);
  project.generation += 1;
  project.isOpening = true;
  change(true);
  tasks.shift()();
  assert.deepEqual([sent, setting.asked], [[], [false]]);
});
