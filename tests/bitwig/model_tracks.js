'use strict';

// Windows onto the model's tracks, slots and the selected clip: they show what is there by now.

const {ReadOnly, Value} = require('./model_values.js');

// A SettableColorValue: of Java floats, and GraalJS does not round to them.
function colour(take) {
  return {
    set: (...rgb) => {
      if (rgb.length !== 3 || rgb.some((part) => Math.fround(part) !== part || part < 0 || part > 1)) {
        throw new TypeError(`Invalid or lossy primitive coercion: ${rgb}`);
      }
      take(rgb);
    },
  };
}

class SlotProxy {
  constructor(model, track, scene) {
    Object.assign(this, {model, track, scene});
    this.values = {
      exists: new ReadOnly(model, false), hasContent: new ReadOnly(model, false),
      isRecordingQueued: new ReadOnly(model, false), name: new ReadOnly(model, ''),
    };
  }

  exists() { return this.values.exists; }
  hasContent() { return this.values.hasContent; }
  isRecordingQueued() { return this.values.isRecordingQueued; }
  name() { return this.values.name; }

  replaceInsertionPoint() {
    return {insertFile: (path) => this.model.insertFile(this.track.index, this.scene, path)};
  }

  select() {
    this.model.later(() => this.model.select(this.track.index, this.scene));
  }

  launchWithOptions(quantization, mode) {
    this.model.launched.push([this.model.tracks[this.track.index].name, this.scene, quantization, mode]);
  }

  refresh() {
    const track = this.model.tracks[this.track.index];
    const clip = track && track.clips[this.scene];
    this.values.exists.change(Boolean(track) && this.scene < this.model.scenes);
    this.values.hasContent.change(Boolean(clip));
    this.values.isRecordingQueued.change(Boolean(track) && track.queued === this.scene);
    this.values.name.change(clip ? clip.name : '');
  }
}

class TrackProxy {
  constructor(model, index, scenes) {
    Object.assign(this, {model, index});
    this.values = {
      exists: new ReadOnly(model, false), name: new TrackName(model, this), trackType: new ReadOnly(model, ''),
    };
    this.slots = Array.from({length: scenes}, (_, scene) => new SlotProxy(model, this, scene));
  }

  exists() { return this.values.exists; }
  name() { return this.values.name; }
  trackType() { return this.values.trackType; }
  clipLauncherSlotBank() { return {getItemAt: (scene) => this.slots[scene]}; }

  color() {
    return colour((rgb) => this.model.later(() => { this.model.tracks[this.index].color = rgb; }));
  }

  refresh() {
    const track = this.model.tracks[this.index];
    this.values.exists.change(Boolean(track));
    this.values.name.change(track ? track.name : '');
    this.values.trackType.change(track ? track.type : '');
    this.slots.forEach((slot) => slot.refresh());
  }
}

class TrackName extends Value {
  constructor(model, proxy) {
    super(model, '');
    this.proxy = proxy;
  }

  set(name) {
    this.model.later(() => {
      this.model.tracks[this.proxy.index].name = name;
      this.model.refresh();
    });
  }
}

// The clip that is selected; what is set concerns that one.
class CursorClip {
  constructor(model) {
    this.model = model;
    this.values = {
      exists: new ReadOnly(model, false), track: new ReadOnly(model, ''), scene: new ReadOnly(model, -1),
    };
  }

  exists() { return this.values.exists; }
  getTrack() { return {name: () => this.values.track}; }
  clipLauncherSlot() { return {sceneIndex: () => this.values.scene}; }
  setName(name) { this.put('name', name); }
  color() { return colour((rgb) => this.put('color', rgb)); }
  isLoopEnabled() { return {set: (on) => this.put('isLooping', on)}; }
  getPlayStart() { return {set: (beat) => this.put('playStart', beat)}; }
  getLoopStart() { return {set: (beat) => this.put('loopStart', beat)}; }
  getLoopLength() { return {set: (beats) => this.put('loopLength', beats)}; }

  put(name, value) {
    const {track, scene} = this.model.selected;
    this.model.later(() => {
      this.model.tracks[track].clips[scene][name] = value;
      this.model.refresh();
    });
  }

  refresh() {
    const {track, scene} = this.model.selected;
    const clip = track >= 0 && this.model.tracks[track].clips[scene];
    this.values.exists.change(Boolean(clip));
    this.values.track.change(track >= 0 ? this.model.tracks[track].name : '');
    this.values.scene.change(scene);
  }
}

module.exports = {CursorClip, TrackProxy};
