'use strict';

// ResonantGen for Bitwig Studio: a prompt in the Studio I/O panel, stems in launcher slots, one tempo.
//
//   preferences.js  what the musician chooses once, for every project
//   connection.js   OSC with the engine: hello, lease, loss, return
//   mirror.js       a setting that shows a value of the engine, and may change it
//   panel.js        the Studio I/O panel: prompts, locks, takes, state
//   tempo.js        tempo and time signature, both ways and without an echo
//   position.js     where Bitwig's transport is: the engine's `osc` clock
//   launcher.js     tracks and slots: found, made, filled
//   landing.js      a finished stem on its way into a slot, confirmed by looking
//   studio.js       what joins them
//
// Every object of Bitwig's is made in init(), as its API demands.

loadAPI(18);
host.setShouldFailOnDeprecatedUse(true);
host.defineController(
  'ResonantGen', 'ResonantGen', '0.1.0', '942a6ca7-0f3f-4a7f-9699-7144eef4b52d', 'ResonantGen');
host.defineMidiPorts(0, 0);

load('preferences.js');
load('connection.js');
load('mirror.js');
load('panel.js');
load('tempo.js');
load('position.js');
load('launcher.js');
load('landing.js');
load('studio.js');

var studio = null;

function init() {
  studio = new Studio(host);
}

function flush() {}

function exit() {
  if (studio !== null) {
    studio.close();
  }
}
