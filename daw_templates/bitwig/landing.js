'use strict';

// Finished stems on their way into launcher slots, one after the other:
//
//   find the track -> (create it, look until it is there) -> find a free slot -> insert
//     -> look every POLL_MS until the slot has content -> name, colour, loop -> launch them all
//
// Bitwig's insertFile does nothing, silently, where it cannot: what is not seen to have landed is told to
// the musician and never tried again by itself, for it might land twice.

var POLL_MS = 100;
var LAND_TRIES = 50; // 5 s
var CREATE_TRIES = 20;
var SELECT_TRIES = 10;

// `tell(text)` shows a notification.
function Landing(host, launcher, preferences, project, tell) {
  this.host = host;
  this.launcher = launcher;
  this.preferences = preferences;
  this.project = project;
  this.tell = tell;
  this.queue = [];
  this.isBusy = false;
  this.landed = []; // slots to be launched together
  this.inserted = []; // names to be told together
  this.bare = {}; // by what should be a clip's name, the one that Bitwig gave it: it could not be named
}

// stem: {role, take, key, bars, setName}; path: where Bitwig reads it. What a clip is called tells which
// take of which set it is, so that it is found again; not its tempo, which Bitwig changes with its own.
Landing.prototype.add = function (stem, path, lengthBeats) {
  var identity = stem.role + ' t' + stem.take + ' (' + stem.setName + ')';
  this.queue.push({
    role: stem.role, path: path, identity: identity,
    name: identity + ' ' + stem.key + ' ' + stem.bars + ' bars',
    lengthBeats: lengthBeats
  });
  this.next();
};

Landing.prototype.next = function () {
  if (this.isBusy) {
    return;
  }
  if (this.queue.length === 0) {
    this.finish();
    return;
  }
  this.isBusy = true;
  this.generation = this.project.generation;
  this.findTrack(this.queue.shift());
};

Landing.prototype.end = function (problem) {
  if (problem) {
    this.tell(problem);
  }
  this.isBusy = false;
  this.next();
};

// `test` until it holds, then `then(true)`; `then(false)` after so many tries. A project that comes to the
// front meanwhile ends everything: its tracks are not the ones that were looked at.
Landing.prototype.poll = function (test, tries, then) {
  var self = this;
  if (this.generation !== this.project.generation) {
    this.queue = [];
    this.landed = [];
    this.end('another project was opened; stems on their way were left alone');
  } else if (test()) {
    then(true);
  } else if (tries === 0) {
    then(false);
  } else {
    this.host.scheduleTask(function () { self.poll(test, tries - 1, then); }, POLL_MS);
  }
};

// --- the track -------------------------------------------------------------------------------------

Landing.prototype.findTrack = function (stem) {
  var track = this.launcher.trackOf(stem.role);
  if (track === null) {
    this.createTrack(stem);
  } else if (!this.launcher.holdsAudio(track)) {
    this.end('the track ' + tagOf(stem.role) + ' cannot hold audio; give that name to an audio track');
  } else {
    this.findSlot(stem, track);
  }
};

Landing.prototype.createTrack = function (stem) {
  var self = this;
  var launcher = this.launcher;
  if (!this.preferences.createTracks.get()) {
    this.end('there is no track ' + tagOf(stem.role) + '; make one, or allow it in the preferences');
    return;
  }
  if (!launcher.canSeeAnother()) {
    this.end('too many tracks: ' + TRACKS + ' are looked through, and none is ' + tagOf(stem.role));
    return;
  }
  var index = launcher.createTrack();
  this.poll(function () { return launcher.hasNewTrack(index); }, CREATE_TRIES, function (isThere) {
    if (isThere) {
      launcher.claim(index, stem.role);
      self.awaitName(stem);
    } else {
      self.end('Bitwig made no track for ' + stem.role + '; make an audio track ' + tagOf(stem.role));
    }
  });
};

Landing.prototype.awaitName = function (stem) {
  var self = this;
  var launcher = this.launcher;
  this.poll(function () { return launcher.trackOf(stem.role) !== null; }, CREATE_TRIES, function (isThere) {
    if (isThere) {
      self.findSlot(stem, launcher.trackOf(stem.role));
    } else {
      self.end('the new track did not become ' + tagOf(stem.role) + '; name it so yourself');
    }
  });
};

// --- the slot --------------------------------------------------------------------------------------

Landing.prototype.findSlot = function (stem, track) {
  var bare = this.bare.hasOwnProperty(stem.identity) ? this.bare[stem.identity] : stem.identity;
  var there = this.launcher.slotNamed(track, stem.identity) || this.launcher.slotNamed(track, bare);
  var free = this.launcher.freeSlot(track);
  if (there !== null) { // an earlier take is wanted again
    this.landed.push(there.slot);
    this.end('');
  } else if (free !== null) {
    this.insert(stem, track, free);
  } else {
    this.createScene(stem, track);
  }
};

Landing.prototype.createScene = function (stem, track) {
  var self = this;
  var launcher = this.launcher;
  var full = 'every slot of ' + track.name().get() + ' is taken; ' + stem.identity + ' was not inserted';
  if (!this.preferences.createScenes.get() || launcher.slots(track).length >= SCENES) {
    this.end(full);
    return;
  }
  launcher.createScene();
  this.poll(function () { return launcher.freeSlot(track) !== null; }, CREATE_TRIES, function (isThere) {
    if (isThere) {
      self.insert(stem, track, launcher.freeSlot(track));
    } else {
      self.end(full);
    }
  });
};

Landing.prototype.insert = function (stem, track, free) {
  var self = this;
  free.slot.replaceInsertionPoint().insertFile(stem.path);
  this.poll(function () { return free.slot.hasContent().get(); }, LAND_TRIES, function (isThere) {
    if (isThere) {
      self.landed.push(free.slot);
      self.inserted.push(stem.identity);
      self.dress(stem, track, free);
    } else {
      self.end('Bitwig did not take ' + stem.identity + ' (' + stem.path + '); look before you try again');
    }
  });
};

// Only after it has landed, and only what is seen to be selected: another clip is never renamed.
Landing.prototype.dress = function (stem, track, place) {
  var self = this;
  var launcher = this.launcher;
  place.slot.select();
  this.poll(function () { return launcher.cursorIsAt(track, place.scene); }, SELECT_TRIES, function (isAt) {
    if (isAt) {
      launcher.dress(stem.name, stem.role, stem.lengthBeats);
    } else {
      self.bare[stem.identity] = stem.path.replace(/^.*\//, '').replace(/\.wav$/, '');
    }
    self.end('');
  });
};

// Launched together, so that all of them start at the same boundary.
Landing.prototype.finish = function () {
  var quantization = this.preferences.launchQuantization();
  var slots = this.landed;
  if (this.inserted.length) {
    this.tell('inserted ' + this.inserted.join(', '));
  }
  this.landed = [];
  this.inserted = [];
  if (quantization) {
    slots.forEach(function (slot) { slot.launchWithOptions(quantization, 'default'); });
  }
};
