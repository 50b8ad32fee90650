'use strict';

// A setting that shows a value of the engine and may change it. The engine has the last word:
//
//   engine: lock 1 -> told(true)    -> the setting shows it
//   musician clicks -> changed      -> a moment later, if nothing else came: sent
//   another project is opened: its saved values come as changes too -> not sent, the engine's shown again

var SETTLE_MS = 150;

// `project`: an object whose `generation` counts the projects that were opened.
function Mirror(host, project, setting, read, send) {
  var self = this;
  this.host = host;
  this.project = project;
  this.setting = setting;
  this.read = read;
  this.send = send;
  this.truth = null; // null: the engine has not told
  this.isSettling = false;
  setting.markInterested();
  setting.addValueObserver(function () { self.changed(); });
}

Mirror.prototype.told = function (value) {
  this.truth = value;
  this.show();
};

Mirror.prototype.forget = function () {
  this.truth = null;
};

Mirror.prototype.show = function () {
  if (this.truth !== null && this.read(this.setting) !== this.truth) {
    Mirror.write(this.setting, this.truth);
  }
};

// Number settings are set by their raw value.
Mirror.write = function (setting, value) {
  if (typeof value === 'number') {
    setting.setRaw(value);
  } else {
    setting.set(value);
  }
};

Mirror.prototype.changed = function () {
  var self = this;
  var generation = this.project.generation;
  if (this.truth === null || this.isSettling || this.read(this.setting) === this.truth) {
    return;
  }
  this.isSettling = true;
  this.host.scheduleTask(function () { self.settle(generation); }, SETTLE_MS);
};

Mirror.prototype.settle = function (generation) {
  var value = this.read(this.setting);
  this.isSettling = false;
  if (this.truth === null || value === this.truth) {
    return;
  }
  if (generation === this.project.generation) {
    this.send(value);
  } else {
    this.show();
  }
};

function readFlag(setting) {
  return setting.get();
}

function readNumber(setting) {
  return Math.round(setting.getRaw());
}
