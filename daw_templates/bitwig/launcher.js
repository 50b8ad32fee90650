'use strict';

// Bitwig's tracks and launcher slots. A role's track is the one whose name begins with its tag:
// 'RG drums', 'RG drums (dusty)'. Nothing is ever put where something is.

var TAG = 'RG ';
var TRACKS = 40;
var SCENES = 32;
// What may hold audio clips.
var AUDIO_TYPES = ['Audio', 'Hybrid'];
// Of 256: a colour is made of Java floats, and GraalJS refuses a number that a float does not hold exactly.
var COLOURS = {drums: [217, 82, 44], bass: [201, 148, 33], harmony: [63, 116, 209], melody: [67, 163, 90]};
var OTHER_COLOUR = [138, 99, 201];
var FULL = 256;

function Launcher(host) {
  var project = host.getProject();
  this.project = project;
  this.application = host.createApplication();
  // All audio, instrument and hybrid tracks in one list, those in groups too.
  this.bank = project.getRootTrackGroup().createMainTrackBank(TRACKS, 0, SCENES, true);
  this.bank.itemCount().markInterested();
  this.tracks = [];
  for (var index = 0; index < TRACKS; index += 1) {
    this.tracks.push(this.watch(this.bank.getItemAt(index)));
  }
  this.cursor = host.createLauncherCursorClip(1, 1); // the clip that is selected
  this.watchCursor();
}

Launcher.prototype.watch = function (track) {
  var slots = track.clipLauncherSlotBank();
  [track.exists(), track.name(), track.trackType()].forEach(function (value) { value.markInterested(); });
  for (var scene = 0; scene < SCENES; scene += 1) {
    var slot = slots.getItemAt(scene);
    [slot.exists(), slot.hasContent(), slot.isRecordingQueued(), slot.name()].forEach(function (value) {
      value.markInterested();
    });
  }
  return track;
};

Launcher.prototype.watchCursor = function () {
  var clip = this.cursor;
  [clip.exists(), clip.getTrack().name(), clip.clipLauncherSlot().sceneIndex()].forEach(function (value) {
    value.markInterested();
  });
};

// --- tracks ----------------------------------------------------------------------------------------

function tagOf(role) {
  return TAG + role;
}

function colourOf(role) {
  return COLOURS.hasOwnProperty(role) ? COLOURS[role] : OTHER_COLOUR;
}

function paint(value, role) {
  var colour = colourOf(role);
  value.set(colour[0] / FULL, colour[1] / FULL, colour[2] / FULL);
}

function isTagged(name, role) {
  var tag = tagOf(role).toLowerCase();
  var rest = name.toLowerCase().slice(tag.length);
  return name.toLowerCase().indexOf(tag) === 0 && !/^[a-z0-9]/.test(rest);
}

// The role's track, or null.
Launcher.prototype.trackOf = function (role) {
  var found = this.tracks.filter(function (track) {
    return track.exists().get() && isTagged(track.name().get(), role);
  });
  return found.length ? found[0] : null;
};

Launcher.prototype.holdsAudio = function (track) {
  return AUDIO_TYPES.indexOf(track.trackType().get()) >= 0;
};

Launcher.prototype.trackCount = function () {
  return this.bank.itemCount().get();
};

Launcher.prototype.canSeeAnother = function () {
  return this.trackCount() < TRACKS;
};

// Asks for a track at the end of the list; it is there some time later, at the index that this returns.
Launcher.prototype.createTrack = function () {
  var index = this.trackCount();
  this.application.createAudioTrack(-1);
  return index;
};

// Whether a new, empty audio track stands there now.
Launcher.prototype.hasNewTrack = function (index) {
  var track = this.tracks[index];
  return this.trackCount() === index + 1 && track.exists().get() && track.trackType().get() === 'Audio' &&
    this.occupied(track) === 0;
};

Launcher.prototype.claim = function (index, role) {
  this.tracks[index].name().set(tagOf(role));
  paint(this.tracks[index].color(), role);
};

// --- slots -----------------------------------------------------------------------------------------

Launcher.prototype.slots = function (track) {
  var bank = track.clipLauncherSlotBank();
  var slots = [];
  for (var scene = 0; scene < SCENES; scene += 1) {
    if (bank.getItemAt(scene).exists().get()) {
      slots.push({scene: scene, slot: bank.getItemAt(scene)});
    }
  }
  return slots;
};

Launcher.prototype.occupied = function (track) {
  return this.slots(track).filter(function (one) { return one.slot.hasContent().get(); }).length;
};

// {scene, slot} or null: nothing in it, and nothing about to be recorded there.
Launcher.prototype.freeSlot = function (track) {
  var free = this.slots(track).filter(function (one) {
    return !one.slot.hasContent().get() && !one.slot.isRecordingQueued().get();
  });
  return free.length ? free[0] : null;
};

// {scene, slot} of the clip whose name begins so, or null.
Launcher.prototype.slotNamed = function (track, beginning) {
  var found = this.slots(track).filter(function (one) {
    return one.slot.hasContent().get() && one.slot.name().get().indexOf(beginning) === 0;
  });
  return found.length ? found[0] : null;
};

Launcher.prototype.createScene = function () {
  this.project.createScene();
};

// --- the clip in a slot ----------------------------------------------------------------------------

// A clip's name and loop are reached by the cursor alone, and the cursor by selecting the slot.
Launcher.prototype.cursorIsAt = function (track, scene) {
  return this.cursor.exists().get() && this.cursor.getTrack().name().get() === track.name().get() &&
    this.cursor.clipLauncherSlot().sceneIndex().get() === scene;
};

Launcher.prototype.dress = function (clipName, role, lengthBeats) {
  this.cursor.setName(clipName);
  paint(this.cursor.color(), role);
  this.cursor.isLoopEnabled().set(true);
  this.cursor.getPlayStart().set(0);
  this.cursor.getLoopStart().set(0);
  this.cursor.getLoopLength().set(lengthBeats);
};
