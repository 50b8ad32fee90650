'use strict';

// A setting that shows a value of the engine and may change it. The engine has the last word:
//
//   engine: lock 1 -> told(true)    -> the setting shows it
//   musician clicks -> changed      -> as soon as it rests: sent. Meanwhile nothing pulls at it
//   another project is opened: its saved values come as changes too -> not sent, the engine's shown again
//
// What we set is seen later. Of two values that are told within a moment the first may be seen after the
// second was told: it is ours, and no wish of the musician's.

var SETTLE_MS = 150;

// `project`: `generation` counts the projects that were opened, `isOpening` holds for a while after.
function Mirror(host, project, setting, read, send) {
  var self = this;
  this.host = host;
  this.project = project;
  this.setting = setting;
  this.read = read;
  this.send = send;
  this.truth = null; // null: the engine has not told
  this.written = null; // what we set last
  this.isSettling = false; // the musician's hand is at it
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
  if (this.truth === null || this.isSettling) {
    return;
  }
  var isOnItsWay = this.written !== null && this.written !== this.truth;
  if (isOnItsWay || this.read(this.setting) !== this.truth) {
    this.written = this.truth;
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
  if (this.truth !== null && !this.isSettling && this.read(this.setting) !== this.truth) {
    this.isSettling = true;
    this.rest(this.project.generation);
  }
};

// Until the value has not moved for a moment.
Mirror.prototype.rest = function (generation) {
  var self = this;
  var value = this.read(this.setting);
  this.host.scheduleTask(function () {
    if (self.read(self.setting) === value) {
      self.settle(generation, value);
    } else {
      self.rest(generation);
    }
  }, SETTLE_MS);
};

Mirror.prototype.settle = function (generation, value) {
  var isSame = generation === this.project.generation && !this.project.isOpening;
  this.isSettling = false;
  if (this.truth === null || value === this.truth) {
    return;
  }
  if (isSame && value !== this.written) {
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
