'use strict';

// Settings > Controllers > ResonantGen: what holds for every project.

var TEMPO_MODES = ['Bitwig leads', 'Engine leads', 'Both ways', 'Off'];
// What the chooser says -> the quantization that launchWithOptions takes; '' does not launch.
var LAUNCHES = {
  'No': '', 'As the project has it': 'default', 'At once': 'none', 'Next beat': '1/4', 'Next bar': '1',
  'Next 2 bars': '2', 'Next 4 bars': '4', 'Next 8 bars': '8'
};
var LOWEST_PORT = 1024;
var HIGHEST_PORT = 65535;

function Preferences(host) {
  var box = host.getPreferences();
  this.engineHost = box.getStringSetting('Engine host', 'Connection', 64, '127.0.0.1');
  this.enginePort = portSetting(box, 'Engine port', 9130);
  this.receivePort = portSetting(box, 'Receive port', 9140);
  this.reconnect = box.getSignalSetting('Use these', 'Connection', 'Reconnect');
  this.tempo = box.getEnumSetting('Tempo and signature', 'Follow', TEMPO_MODES, TEMPO_MODES[0]);
  this.position = box.getBooleanSetting('Tell the engine where the transport is', 'Follow', true);
  this.startWithEngine = box.getBooleanSetting('Start and stop with the engine', 'Follow', false);
  this.insert = box.getBooleanSetting('Insert finished stems', 'Launcher', true);
  this.createTracks = box.getBooleanSetting('Create missing tracks', 'Launcher', true);
  this.createScenes = box.getBooleanSetting('Add a scene when all slots are taken', 'Launcher', true);
  this.launch = box.getEnumSetting('Launch what was inserted', 'Launcher', Object.keys(LAUNCHES), 'No');
  this.popups = box.getBooleanSetting('Show notifications', 'Notifications', true);
  this.settings().forEach(function (setting) { setting.markInterested(); });
}

function portSetting(box, label, initial) {
  return box.getNumberSetting(label, 'Connection', LOWEST_PORT, HIGHEST_PORT, 1, '', initial);
}

Preferences.prototype.settings = function () {
  return [
    this.engineHost, this.enginePort, this.receivePort, this.tempo, this.position, this.startWithEngine,
    this.insert, this.createTracks, this.createScenes, this.launch, this.popups
  ];
};

Preferences.prototype.bitwigLeads = function () {
  return this.tempo.get() === 'Bitwig leads' || this.tempo.get() === 'Both ways';
};

Preferences.prototype.engineLeads = function () {
  return this.tempo.get() === 'Engine leads' || this.tempo.get() === 'Both ways';
};

// '' where nothing is to be launched.
Preferences.prototype.launchQuantization = function () {
  return LAUNCHES[this.launch.get()];
};
