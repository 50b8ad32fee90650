'use strict';

// Where Bitwig's transport is, as the engine's `osc` clock wants it: on every start, stop and jump (the end
// of an arranger loop is one), and about eight times a second while it rolls. And the other way, where the
// musician wants that: Bitwig starts and stops with the engine, unless `osc` leads, for then the engine
// follows and would echo us.

var REPORT_MS = 120;
var JUMP_MS = 60; // a play position that is dragged while stopped
var JUMP_BEATS = 0.25; // from where it would have rolled to
var LOWEST_BEAT = -100000;
var OSC_CLOCK = 'osc';

function Position(host, transport, preferences, tempo, link) {
  var self = this;
  this.host = host;
  this.transport = transport;
  this.preferences = preferences;
  this.tempo = tempo;
  this.link = link;
  this.clock = ''; // who leads the engine's
  this.playing = transport.isPlaying();
  this.position = transport.playPosition();
  this.isReporting = false; // a task is on its way
  this.isPacing = false;
  this.reported = {beat: 0, ms: 0};
  this.playing.markInterested();
  this.position.markInterested();
  this.playing.addValueObserver(function () { self.report(); self.goOn(); });
  this.position.addValueObserver(function () { self.jumped(); });
}

Position.prototype.connected = function () {
  this.report();
  this.goOn();
};

// The engine's transport starts or stops. In a dump it did so long ago.
Position.prototype.toldPlaying = function (isOn, isDump) {
  if (isDump || !this.preferences.startWithEngine.get() || this.clock === OSC_CLOCK) {
    return;
  }
  if (isOn && !this.playing.get()) {
    this.transport.play();
  } else if (!isOn && this.playing.get()) {
    this.transport.stop();
  }
};

Position.prototype.toldClock = function (source) {
  this.clock = source;
};

// One report now, whatever it says.
Position.prototype.report = function () {
  if (this.link.isUp() && this.preferences.position.get()) {
    var beat = Math.max(LOWEST_BEAT, this.position.get());
    this.reported = {beat: beat, ms: now()};
    this.link.send('/rg/clock/position', [beat, this.tempo.bpm(), this.playing.get() ? 1 : 0]);
  }
};

// While it rolls.
Position.prototype.goOn = function () {
  var self = this;
  if (this.isReporting || !this.playing.get() || !this.link.isUp()) {
    return;
  }
  this.isReporting = true;
  this.host.scheduleTask(function () {
    self.isReporting = false;
    if (self.playing.get()) {
      self.report();
      self.goOn();
    }
  }, REPORT_MS);
};

// Where the transport should be by now, if it rolled on from the last report.
Position.prototype.expected = function () {
  return this.reported.beat + (now() - this.reported.ms) / 60000 * this.tempo.bpm();
};

// The musician put the position elsewhere.
Position.prototype.jumped = function () {
  var self = this;
  if (this.playing.get()) {
    if (Math.abs(this.position.get() - this.expected()) > JUMP_BEATS) {
      this.report();
    }
    return;
  }
  if (this.isPacing || !this.link.isUp()) {
    return;
  }
  this.isPacing = true;
  this.host.scheduleTask(function () { self.isPacing = false; self.report(); }, JUMP_MS);
};
