'use strict';

// The Studio I/O panel. Everything here is saved with the project, and works with the mouse alone:
//
//   Band    prompt, generate, quick look, cancel, launch, bars, when; what the engine says
//   Drums   prompt, regenerate, lock, undo, redo, take; state           ... the same for each role

var ROLES = ['drums', 'bass', 'harmony', 'melody'];
var WHEN = ['now', 'beat', 'bar', 'loop', 'manual'];
// A message to the engine holds 1,024 bytes; a character may take four of them.
var PROMPT_CHARS = 240;
var STATUS_CHARS = 80;
var MOST_TAKES = 999;
var MOST_BARS = 64;

// `studio` sends: ask(address, args) for commands that end with done or fail, send(address, args) for
// values, notify(text), insertCurrent().
function Panel(host, project, studio) {
  var state = host.getDocumentState();
  this.studio = studio;
  this.prompt = state.getStringSetting('Prompt', 'Band', PROMPT_CHARS, '');
  this.prompt.markInterested();
  this.addBandButtons(state);
  this.bars = new Mirror(
    host, project, state.getNumberSetting('Bars', 'Band', 1, MOST_BARS, 1, '', 8), readNumber,
    function (value) { studio.send('/rg/bars', [value]); });
  this.when = new Mirror(
    host, project, state.getEnumSetting('New takes start at', 'Band', WHEN, 'loop'), readFlag,
    function (value) { studio.send('/rg/when', [value]); });
  this.status = new StatusLine(state, 'Engine', 'Band');
  this.status.show('not connected');
  this.rows = {};
  ROLES.forEach(function (role) {
    this.rows[role] = new TrackRow(host, project, state, role, studio);
  }, this);
}

Panel.prototype.addBandButtons = function (state) {
  var self = this;
  var studio = this.studio;
  onButton(state, 'Generate', 'Band', function () { self.askWithPrompt('/rg/generate'); });
  onButton(state, 'Quick look', 'Band', function () { self.askWithPrompt('/rg/preview'); });
  onButton(state, 'Cancel', 'Band', function () { studio.send('/rg/cancel'); });
  onButton(state, 'Launch', 'Band', function () { studio.send('/rg/launch'); });
  onButton(state, 'Insert stems', 'Band', function () { studio.insertCurrent(); });
  onButton(state, 'Export DAWproject', 'Band', function () { studio.ask('/rg/export/dawproject', []); });
};

Panel.prototype.askWithPrompt = function (address) {
  var prompt = this.prompt.get();
  if (prompt) {
    this.studio.ask(address, [prompt]);
  } else {
    this.studio.notify('write a prompt first (Studio I/O panel, Band)');
  }
};

// The engine is gone: what is shown stays, but is no longer sent.
Panel.prototype.forget = function () {
  this.bars.forget();
  this.when.forget();
  ROLES.forEach(function (role) { this.rows[role].forget(); }, this);
};

// Another project is in front: the engine's values again, in place of those it was saved with.
Panel.prototype.showAgain = function () {
  this.bars.show();
  this.when.show();
  this.status.showAgain();
  ROLES.forEach(function (role) { this.rows[role].showAgain(); }, this);
};

// --- one role --------------------------------------------------------------------------------------

function TrackRow(host, project, state, role, studio) {
  var title = role.charAt(0).toUpperCase() + role.slice(1);
  var path = '/rg/track/' + role;
  this.facts = {state: 'empty', progress: 0, take: 0, count: 0};
  this.prompt = state.getStringSetting(title + ' prompt', title, PROMPT_CHARS, '');
  this.prompt.markInterested();
  this.addButtons(state, title, path, studio);
  this.lock = new Mirror(
    host, project, state.getBooleanSetting(title + ' lock', title, false), readFlag,
    function (on) { studio.send(path + '/lock', [on ? 1 : 0]); });
  this.take = new Mirror(
    host, project, state.getNumberSetting(title + ' take', title, 0, MOST_TAKES, 1, '', 0), readNumber,
    function (number) { studio.send(path + '/take', [number]); });
  this.status = new StatusLine(state, title + ' state', title);
}

TrackRow.prototype.addButtons = function (state, title, path, studio) {
  var self = this;
  onButton(state, title + ' regenerate', title, function () {
    var prompt = self.prompt.get();
    studio.ask(path + '/regenerate', prompt ? [prompt] : []);
  });
  ['undo', 'redo', 'cancel'].forEach(function (word) {
    onButton(state, title + ' ' + word, title, function () { studio.send(path + '/' + word); });
  });
};

TrackRow.prototype.told = function (name, value) {
  this.facts[name] = value;
  this.status.show(this.text());
};

TrackRow.prototype.toldTake = function (number, count) {
  this.take.told(number);
  this.facts.take = number;
  this.told('count', count);
};

// 'ready, take 2 of 5', 'generating 40 %, take 1 of 1'
TrackRow.prototype.text = function () {
  var facts = this.facts;
  var text = facts.state;
  if (facts.state === 'generating') {
    text += ' ' + 10 * Math.floor(10 * facts.progress) + ' %';
  }
  return facts.count ? text + ', take ' + facts.take + ' of ' + facts.count : text;
};

TrackRow.prototype.forget = function () {
  this.lock.forget();
  this.take.forget();
};

TrackRow.prototype.showAgain = function () {
  this.lock.show();
  this.take.show();
  this.status.showAgain();
};

// --- parts of a panel ------------------------------------------------------------------------------

function onButton(state, label, category, callback) {
  state.getSignalSetting(label, category, label).addSignalObserver(callback);
}

// A text field that only tells: set where its text changes, and no more often.
function StatusLine(state, label, category) {
  this.setting = state.getStringSetting(label, category, STATUS_CHARS, '');
  this.setting.markInterested();
  this.text = '';
}

StatusLine.prototype.show = function (text) {
  if (text !== this.text) {
    this.text = text;
    this.setting.set(text);
  }
};

StatusLine.prototype.showAgain = function () {
  this.setting.set(this.text);
};
