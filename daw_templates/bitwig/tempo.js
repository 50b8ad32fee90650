'use strict';

// Tempo and time signature. What Bitwig changes goes to the engine; what the engine changes comes to
// Bitwig where the preferences say so. Neither hears itself:
//
//   Bitwig 120 -> 121 -> 122     sent 121, 122
//   engine tells 121, 122        both were ours within ECHO_MS: not set in Bitwig, which may be at 123
//   engine tells 140             somebody else's: set in Bitwig; its observer says 140: not sent back

var LOWEST_BPM = 40;
var HIGHEST_BPM = 240;
var SAME_BPM = 0.005; // a tempo comes back as a 32-bit float
var ECHO_MS = 1500;
var PACE_MS = 50; // a tempo that is dragged changes with every pixel

// `link`: isUp(), send(address, args), notify(text).
function Tempo(host, transport, preferences, link) {
  var self = this;
  this.host = host;
  this.preferences = preferences;
  this.link = link;
  this.value = transport.tempo().value();
  this.signature = transport.timeSignature();
  this.sent = []; // [bpm, at ms]
  this.engineBpm = null; // what the engine holds, as far as we know
  this.engineSignature = '';
  this.isPacing = false;
  this.isOutside = false; // of what the engine plays, and that was told
  this.value.markInterested();
  this.signature.markInterested();
  this.value.addValueObserver(function () { self.changed(); });
  this.signature.addValueObserver(function () { self.signatureChanged(); });
  preferences.tempo.addValueObserver(function () { self.connected(); });
}

Tempo.prototype.bpm = function () {
  return this.value.getRaw();
};

// The engine has told all it has: who leads now says it once.
Tempo.prototype.connected = function () {
  if (this.preferences.bitwigLeads()) {
    this.sendTempo();
    this.sendSignature();
  } else if (this.preferences.engineLeads()) {
    this.take();
  }
};

Tempo.prototype.lost = function () {
  this.engineBpm = null;
  this.engineSignature = '';
  this.sent = [];
};

// --- Bitwig -> engine ------------------------------------------------------------------------------

Tempo.prototype.changed = function () {
  var self = this;
  if (this.isPacing || !this.link.isUp() || !this.preferences.bitwigLeads()) {
    return;
  }
  this.isPacing = true;
  this.sendTempo();
  this.host.scheduleTask(function () { self.isPacing = false; self.sendTempo(); }, PACE_MS);
};

Tempo.prototype.sendTempo = function () {
  var bpm = this.bpm();
  if (!this.link.isUp() || isSame(bpm, this.lastTold())) {
    return;
  }
  var wasOutside = this.isOutside;
  this.isOutside = bpm < LOWEST_BPM || bpm > HIGHEST_BPM;
  if (this.isOutside) {
    if (!wasOutside) {
      this.link.notify(bpm.toFixed(1) + ' bpm: the engine plays ' + LOWEST_BPM + ' to ' + HIGHEST_BPM);
    }
    return;
  }
  this.sent.push([bpm, now()]);
  this.link.send('/rg/tempo', [bpm]);
};

// What the engine holds or is about to.
Tempo.prototype.lastTold = function () {
  this.sent = this.sent.filter(function (pair) { return now() - pair[1] < ECHO_MS; });
  return this.sent.length ? this.sent[this.sent.length - 1][0] : this.engineBpm;
};

Tempo.prototype.signatureChanged = function () {
  if (this.preferences.bitwigLeads()) {
    this.sendSignature();
  }
};

Tempo.prototype.sendSignature = function () {
  var text = signatureIn(this.signature.get());
  if (text && this.link.isUp() && text !== this.engineSignature) {
    this.engineSignature = text;
    this.link.send('/rg/signature', text.split('/').map(Number));
  }
};

// --- engine -> Bitwig ------------------------------------------------------------------------------

Tempo.prototype.told = function (bpm, isDump) {
  var known = this.lastTold(); // forgets what is too old
  var echoed = this.sent.filter(function (pair) { return isSame(pair[0], bpm); });
  this.engineBpm = bpm;
  if (echoed.length === 0 && !isDump && this.preferences.engineLeads() && !isSame(known, bpm)) {
    this.take();
  }
};

Tempo.prototype.toldSignature = function (beats, unit, isDump) {
  var text = beats + '/' + unit;
  var isNews = text !== this.engineSignature;
  this.engineSignature = text;
  if (isNews && !isDump && this.preferences.engineLeads()) {
    this.signature.set(text);
  }
};

// Bitwig takes the engine's values over.
Tempo.prototype.take = function () {
  if (this.engineBpm !== null && !isSame(this.engineBpm, this.bpm())) {
    this.value.setRaw(this.engineBpm);
  }
  if (this.engineSignature && this.engineSignature !== signatureIn(this.signature.get())) {
    this.signature.set(this.engineSignature);
  }
};

// Quarter notes in a bar of the engine's signature.
Tempo.prototype.barBeats = function () {
  var parts = this.engineSignature.split('/');
  return parts.length === 2 ? 4 * Number(parts[0]) / Number(parts[1]) : 4;
};

// '4/4' of '4/4' and of '4/4,16', as Bitwig writes it with its ticks; '' of anything else.
function signatureIn(text) {
  var found = /^\d+\/\d+/.exec(text);
  return found ? found[0] : '';
}

function isSame(one, other) {
  return one !== null && other !== null && Math.abs(one - other) < SAME_BPM;
}

function now() {
  return new Date().getTime();
}
