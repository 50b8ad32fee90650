'use strict';

// What joins Bitwig and the engine: every message of the engine goes to the part that it concerns.

var DUMP_MS = 5000; // the engine takes a few
var OPENING_MS = 1000; // while a project opens its settings come, before its name or after

function Studio(host) {
  var self = this;
  this.host = host;
  this.generation = 0; // of the project that is in front
  this.isOpening = false;
  this.dumps = 0; // that were waited for
  this.stems = {}; // by track: the newest stem that the engine told
  this.lengths = {}; // beats, by file: the signature of its time, where we were there
  this.folder = '';
  this.setName = '';
  this.isDump = false;
  this.isAdopting = false; // stems that are told now are another set's, and nobody asked for them
  this.preferences = new Preferences(host);
  this.launcher = new Launcher(host);
  this.connection = new Connection(host, this.preferences, this);
  var transport = host.createTransport();
  this.tempo = new Tempo(host, transport, this.preferences, this);
  this.position = new Position(host, transport, this.preferences, this.tempo, this);
  this.panel = new Panel(host, this, this);
  this.landing = new Landing(
    host, this.launcher, this.preferences, this, function (text) { self.notify(text); });
  this.preferences.reconnect.addSignalObserver(function () { host.restart(); });
  this.watchProject(this.launcher.application);
  if (this.connection.problem) {
    this.panel.status.show(this.connection.problem);
    this.notify(this.connection.problem);
  }
  this.connection.start();
}

Studio.prototype.watchProject = function (application) {
  var self = this;
  var before = null;
  application.projectName().markInterested();
  application.projectName().addValueObserver(function (name) {
    if (before !== null && name !== before) {
      self.opened();
    }
    before = name;
  });
};

Studio.prototype.opened = function () {
  var self = this;
  var generation = this.generation + 1;
  this.generation = generation;
  this.isOpening = true;
  this.panel.showAgain();
  this.host.scheduleTask(function () {
    if (generation === self.generation) {
      self.isOpening = false;
      self.panel.showAgain();
    }
  }, OPENING_MS);
};

Studio.prototype.close = function () {
  this.connection.close();
};

// --- what the parts ask for ------------------------------------------------------------------------

Studio.prototype.isUp = function () {
  return this.connection.isUp;
};

Studio.prototype.send = function (address, args) {
  if (this.isUp()) {
    this.connection.send(address, args);
  } else {
    this.notify('no engine at the port of the preferences; start it with: resonantgen serve');
  }
};

Studio.prototype.ask = function (address, args) {
  if (this.isUp()) {
    this.connection.ask(address, args);
  } else {
    this.send(address, args);
  }
};

Studio.prototype.notify = function (text) {
  this.host.println('ResonantGen: ' + text);
  if (this.preferences.popups.get()) {
    this.host.showPopupNotification('ResonantGen: ' + text);
  }
};

// --- the engine comes and goes ---------------------------------------------------------------------

Studio.prototype.connected = function () {
  this.panel.status.show('connected');
  this.awaitDump();
};

Studio.prototype.lost = function () {
  this.isDump = false;
  this.tempo.lost();
  this.panel.forget();
  this.panel.status.show('not connected');
  this.notify('the engine does not answer any more');
};

// Between /rg/update 1 and 0 come all values. Then whoever leads says what it has.
Studio.prototype.dumped = function (isOn) {
  if (isOn) {
    this.awaitDump();
    return;
  }
  this.isDump = false;
  this.isAdopting = false;
  this.tempo.connected();
  this.position.connected();
};

// UDP may lose the beginning or the end: a dump counts from when it was asked for, and one that does not
// end is asked for again.
Studio.prototype.awaitDump = function () {
  var self = this;
  var number = this.dumps + 1;
  this.dumps = number;
  this.isDump = true;
  this.host.scheduleTask(function () {
    if (self.isDump && self.isUp() && number === self.dumps) {
      self.refresh();
    }
  }, DUMP_MS);
};

Studio.prototype.refresh = function () {
  this.connection.send('/rg/refresh');
  this.awaitDump();
};

// Stems of a set that has just been opened are no finished takes; the dump that is asked for ends that.
Studio.prototype.setOpened = function (name) {
  if (name === this.setName) {
    return;
  }
  this.setName = name;
  this.stems = {};
  this.lengths = {};
  if (!this.isDump) {
    this.isAdopting = true;
    this.refresh();
  }
};

// --- stems -----------------------------------------------------------------------------------------

// In a dump a track's first stem is only noted: it was there before us. A take that is told again has been
// rendered at another tempo: its clip is here already, and Bitwig stretches it.
Studio.prototype.stemTold = function (stem) {
  var known = this.stems[stem.role];
  this.stems[stem.role] = stem;
  if (!this.isDump && !this.lengths.hasOwnProperty(stem.file)) {
    this.lengths[stem.file] = this.lengthOf(stem);
  }
  if (known && known.take === stem.take) {
    return;
  }
  if (!this.isAdopting && (known || !this.isDump) && this.preferences.insert.get()) {
    this.land(stem);
  }
};

// What the engine does not do is shown as it is.
Studio.prototype.refused = function (text) {
  this.notify(text);
  this.panel.showAgain();
};

Studio.prototype.insertCurrent = function () {
  var roles = Object.keys(this.stems);
  if (roles.length === 0) {
    this.notify('the engine has no stems yet; generate something first');
  }
  roles.forEach(function (role) { this.land(this.stems[role]); }, this);
};

// The file's name ends with the take's number (and _2 where something else had the name).
Studio.prototype.stemOf = function (role, message) {
  var file = message.getString(0);
  var number = /_t(\d+)(?:_\d+)?\.wav$/.exec(file);
  return {
    role: role, file: file, take: number ? number[1] : file, key: message.getString(2),
    bars: message.getInt(3), setName: this.setName
  };
};

Studio.prototype.lengthOf = function (stem) {
  var known = this.lengths.hasOwnProperty(stem.file);
  return known ? this.lengths[stem.file] : stem.bars * this.tempo.barBeats();
};

// The engine names a file and, apart from it, its folder.
Studio.prototype.land = function (stem) {
  if (!this.folder || /[\/\\]/.test(stem.file)) {
    this.notify('the engine did not say where ' + stem.file + ' lies');
  } else {
    this.landing.add(stem, this.folder + '/stems/' + stem.file, this.lengthOf(stem));
  }
};

// --- messages --------------------------------------------------------------------------------------

var SET_MESSAGES = {
  '/rg/update': function (studio, m) { studio.dumped(m.getInt(0) === 1); },
  '/rg/set/open': function (studio, m) { studio.setOpened(m.getString(0)); },
  '/rg/set/folder': function (studio, m) { studio.folder = m.getString(0); },
  '/rg/tempo': function (studio, m) { studio.tempo.told(m.getFloat(0), studio.isDump); },
  '/rg/signature': function (studio, m) {
    studio.tempo.toldSignature(m.getInt(0), m.getInt(1), studio.isDump);
  },
  '/rg/playing': function (studio, m) { studio.position.toldPlaying(m.getInt(0) === 1, studio.isDump); },
  '/rg/clock/active': function (studio, m) { studio.position.toldClock(m.getString(0)); },
  '/rg/bars': function (studio, m) { studio.panel.bars.told(m.getInt(0)); },
  '/rg/when': function (studio, m) { studio.panel.when.told(m.getString(0)); },
  '/rg/fail': function (studio, m) { studio.refused(m.getString(3)); },
  '/rg/done': function (studio, m) { studio.panel.status.show('done: ' + m.getString(0)); },
  '/rg/export/name': function (studio, m) { studio.notify('written: ' + m.getString(1)); },
  '/rg/log': function (studio, m) {
    if (m.getString(0) !== 'info') {
      studio.notify(m.getString(1));
    }
  }
};

var TRACK_MESSAGES = {
  state: function (row, m) { row.told('state', m.getString(0)); },
  progress: function (row, m) { row.told('progress', m.getFloat(0)); },
  lock: function (row, m) { row.lock.told(m.getInt(0) === 1); },
  take: function (row, m) { row.toldTake(m.getInt(0), m.getInt(1)); }
};

Studio.prototype.receive = function (address, message) {
  var parts = /^\/rg\/track\/([^\/]+)\/(\w+)$/.exec(address);
  if (parts === null) {
    if (SET_MESSAGES.hasOwnProperty(address)) {
      SET_MESSAGES[address](this, message);
    }
  } else if (parts[2] === 'stem') {
    this.stemTold(this.stemOf(parts[1], message));
  } else if (TRACK_MESSAGES.hasOwnProperty(parts[2]) && this.panel.rows.hasOwnProperty(parts[1])) {
    TRACK_MESSAGES[parts[2]](this.panel.rows[parts[1]], message);
  }
};
