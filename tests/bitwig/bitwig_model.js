'use strict';

// As much of Bitwig Studio's controller API (version 18) as the script uses, with the manners that its
// documentation tells of:
//
// - whatever is made or observed is made in init();
// - a value may be read only where markInterested() or an observer asked for it;
// - what is set is seen later, never by the next line;
// - insertFile, createAudioTrack and createScene happen some time later, or silently never;
// - methods that are not in the API throw.
//
// The musician's side is `model`: tracks, slots, press(label), edit(label, value), openProject(name).

const dgram = require('node:dgram');
const fs = require('node:fs');
const osc = require('./osc.js');

const SPEED = 10; // times faster than the clock: 5 s of polling take half a second
const LATER_MS = 2; // until a change is seen
const WORK_MS = 20; // until Bitwig has read a file or made a track

// --- values ------------------------------------------------------------------------------------------

class Value {
  constructor(model, initial) {
    this.model = model;
    this.seen = initial;
    this.isInteresting = false;
    this.observers = [];
  }

  markInterested() {
    this.model.mustBeInit('markInterested');
    this.isInteresting = true;
  }

  addValueObserver(callback) {
    this.model.mustBeInit('addValueObserver');
    this.isInteresting = true;
    this.observers.push(callback);
    this.model.later(() => callback(this.seen));
  }

  get() {
    if (!this.isInteresting) {
      throw new Error('This value was not marked as interesting: call markInterested() in init()');
    }
    return this.seen;
  }

  set(value) {
    this.model.later(() => this.change(value));
  }

  change(value) {
    if (value !== this.seen) {
      this.seen = value;
      this.observers.forEach((observer) => observer(value));
    }
  }
}

// get() is 0..1 of its range, getRaw() what a musician reads.
class RangedValue extends Value {
  constructor(model, initial, low, high) {
    super(model, initial);
    this.low = low;
    this.high = high;
  }

  get() {
    return (super.get() - this.low) / (this.high - this.low);
  }

  getRaw() {
    return super.get();
  }

  set(value) {
    this.setRaw(this.low + value * (this.high - this.low));
  }

  setRaw(value) {
    super.set(Math.min(this.high, Math.max(this.low, value)));
  }
}

class ReadOnly extends Value {
  set() {
    throw new TypeError('this value cannot be set');
  }
}

class Signal {
  constructor(model) {
    this.model = model;
    this.callbacks = [];
  }

  addSignalObserver(callback) {
    this.model.mustBeInit('addSignalObserver');
    this.callbacks.push(callback);
  }
}

// --- settings ----------------------------------------------------------------------------------------

class Settings {
  constructor(model) {
    this.model = model;
    this.byLabel = new Map();
  }

  add(label, category, setting) {
    this.model.mustBeInit(label);
    if (this.byLabel.has(label) || !category) {
      throw new Error(`setting ${label} of ${category} is there already`);
    }
    this.byLabel.set(label, setting);
    return setting;
  }

  getStringSetting(label, category, numChars, initial) {
    return this.add(label, category, new Value(this.model, this.kept(label, initial).slice(0, numChars)));
  }

  getBooleanSetting(label, category, initial) {
    return this.add(label, category, new Value(this.model, this.kept(label, initial)));
  }

  getEnumSetting(label, category, options, initial) {
    if (!options.includes(initial)) {
      throw new Error(`${initial} is no option of ${label}`);
    }
    return this.add(label, category, new Value(this.model, this.kept(label, initial)));
  }

  getNumberSetting(label, category, low, high, step, unit, initial) {
    return this.add(label, category, new RangedValue(this.model, this.kept(label, initial), low, high));
  }

  getSignalSetting(label, category, action) {
    if (!action) {
      throw new Error('a signal needs an action');
    }
    return this.add(label, category, new Signal(this.model));
  }

  // What the musician chose before this run.
  kept(label, initial) {
    return label in this.model.kept ? this.model.kept[label] : initial;
  }
}

// --- tracks, slots, clips ----------------------------------------------------------------------------

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
    return {set: (...rgb) => this.model.later(() => { this.model.tracks[this.index].color = rgb; })};
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
  color() { return {set: (...rgb) => this.put('color', rgb)}; }
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

// --- OSC ---------------------------------------------------------------------------------------------

class OscMessage {
  constructor({address, tags, args}) {
    Object.assign(this, {address, tags, args});
  }

  getAddressPattern() { return this.address; }
  getString(index) { return this.typed(index, 's'); }
  getInt(index) { return this.typed(index, 'i'); }
  getFloat(index) { return this.typed(index, 'f'); }

  typed(index, tag) {
    if (this.tags[index] !== tag) {
      throw new Error(`${this.address}: argument ${index} is ${this.tags[index]}, not ${tag}`);
    }
    return this.args[index];
  }
}

class OscModule {
  constructor(model) {
    this.model = model;
  }

  createAddressSpace() {
    return {
      setShouldLogMessages() {},
      registerDefaultMethod(callback) { this.callback = callback; },
    };
  }

  createUdpServer(space) {
    this.model.mustBeInit('createUdpServer');
    return {start: (port) => this.listen(port, space)};
  }

  listen(port, space) {
    if (this.model.takenPorts.includes(port)) {
      throw new Error('java.net.BindException: Address already in use');
    }
    const socket = dgram.createSocket({type: 'udp4', recvBufferSize: 1 << 20});
    socket.bind(port, '127.0.0.1');
    socket.on('message', (data) => this.model.guard(
      () => space.callback(null, new OscMessage(osc.decode(data)))));
    this.model.sockets.push(socket);
  }

  connectToUdpServer(host, port) {
    this.model.mustBeInit('connectToUdpServer');
    const socket = dgram.createSocket('udp4');
    this.model.sockets.push(socket);
    return {
      sendMessage: (address, ...args) => {
        this.model.sent.push([address, ...args]);
        socket.send(osc.encode(address, args), port, host);
      },
    };
  }
}

// --- Bitwig ------------------------------------------------------------------------------------------

class Bitwig {
  // kept: settings that the musician chose earlier, by label.
  constructor(kept = {}) {
    this.kept = kept;
    this.isInit = true;
    this.isClosed = false;
    this.errors = [];
    this.popups = [];
    this.lines = [];
    this.sent = [];
    this.launched = [];
    this.overwritten = [];
    this.inserted = [];
    this.takenPorts = [];
    this.sockets = [];
    this.restarts = 0;
    this.takesFiles = true;
    this.makesTracks = true;
    this.tracks = [];
    this.scenes = 4;
    this.selected = {track: -1, scene: -1};
    this.proxies = [];
    this.itemCount = new ReadOnly(this, 0);
    this.projectName = new ReadOnly(this, 'first');
    this.tempo = new RangedValue(this, 120, 20, 666);
    this.signature = new Value(this, '4/4');
    this.playing = new Value(this, false);
    this.playPosition = new ReadOnly(this, 0);
    this.preferences = new Settings(this);
    this.documentState = new Settings(this);
    this.host = strict(this.makeHost(), 'host');
  }

  makeHost() {
    const model = this;
    const made = (name, object) => () => {
      model.mustBeInit(name);
      return strict(object, name);
    };
    return {
      setShouldFailOnDeprecatedUse() {}, defineController: (...facts) => { model.controller = facts; },
      defineMidiPorts() {},
      getPreferences: made('preferences', this.preferences),
      getDocumentState: made('documentState', this.documentState),
      getOscModule: made('oscModule', new OscModule(this)),
      createTransport: made('transport', {
        tempo: () => ({value: () => this.tempo}), timeSignature: () => this.signature,
        isPlaying: () => this.playing, playPosition: () => this.playPosition,
      }),
      createApplication: made('application', {
        projectName: () => this.projectName, createAudioTrack: () => this.createAudioTrack(),
      }),
      getProject: made('project', {
        createScene: () => this.work(() => { this.scenes += 1; }),
        getRootTrackGroup: () => ({
          createMainTrackBank: (tracks, sends, scenes, isFlat) => this.makeBank(tracks, scenes, isFlat),
        }),
      }),
      createLauncherCursorClip: () => {
        this.mustBeInit('createLauncherCursorClip');
        const clip = new CursorClip(this);
        this.proxies.push(clip);
        return clip;
      },
      scheduleTask: (callback, ms) => { this.timer(() => this.guard(callback), ms / SPEED); },
      showPopupNotification: (text) => { this.popups.push(text); },
      println: (text) => { this.lines.push(text); },
      errorln: (text) => { this.errors.push(text); },
      restart: () => { this.restarts += 1; },
    };
  }

  makeBank(tracks, scenes, isFlat) {
    this.mustBeInit('createMainTrackBank');
    if (!isFlat) {
      throw new Error('tracks in groups would be overlooked');
    }
    const items = Array.from({length: tracks}, (_, index) => new TrackProxy(this, index, scenes));
    this.proxies.push(...items);
    return {getItemAt: (index) => items[index], itemCount: () => this.itemCount};
  }

  // --- what Bitwig does -------------------------------------------------------------------------------

  mustBeInit(what) {
    if (!this.isInit) {
      throw new Error(`${what}: only allowed during init()`);
    }
  }

  guard(callback) {
    if (this.isClosed) {
      return;
    }
    try {
      callback();
    } catch (error) {
      this.errors.push(error.stack);
    }
  }

  timer(callback, ms) {
    setTimeout(callback, ms);
  }

  later(callback) {
    this.timer(() => this.guard(callback), LATER_MS);
  }

  work(callback) {
    this.timer(() => this.guard(() => { callback(); this.refresh(); }), WORK_MS);
  }

  refresh() {
    this.itemCount.change(this.tracks.length);
    this.proxies.forEach((proxy) => proxy.refresh());
  }

  createAudioTrack() {
    this.work(() => {
      if (this.makesTracks) {
        this.tracks.push({name: `Audio ${this.tracks.length + 1}`, type: 'Audio', clips: {}, queued: -1});
      }
    });
  }

  insertFile(index, scene, path) {
    this.inserted.push(path);
    this.work(() => {
      const track = this.tracks[index];
      if (!this.takesFiles || !fs.existsSync(path) || !['Audio', 'Hybrid'].includes(track.type)) {
        return; // "If it's not possible to do so then this does nothing."
      }
      if (track.clips[scene]) {
        this.overwritten.push([track.name, scene]);
      }
      track.clips[scene] = {name: path.replace(/^.*\//, '').replace(/\.wav$/, ''), path};
    });
  }

  select(track, scene) {
    this.selected = {track, scene};
    this.refresh();
  }

  // --- what the musician does -------------------------------------------------------------------------

  addTrack(name, clips = {}, type = 'Audio') {
    this.tracks.push({name, type, clips, queued: -1});
    this.refresh();
  }

  press(label) {
    this.guard(() => this.settingOf(label).callbacks.forEach((callback) => callback()));
  }

  edit(label, value) {
    this.guard(() => this.settingOf(label).change(value));
  }

  shown(label) {
    return this.settingOf(label).seen;
  }

  settingOf(label) {
    const setting = this.documentState.byLabel.get(label) || this.preferences.byLabel.get(label);
    if (!setting) {
      throw new Error(`there is no setting ${label}`);
    }
    return setting;
  }

  // Another project comes to the front, with what it was saved with.
  openProject(name, saved) {
    Object.entries(saved).forEach(([label, value]) => this.edit(label, value));
    this.guard(() => this.projectName.change(name));
  }

  play(on) {
    this.guard(() => this.playing.change(on));
  }

  move(beat) {
    this.guard(() => this.playPosition.change(beat));
  }

  dragTempo(bpm) {
    this.guard(() => this.tempo.change(bpm));
  }

  setSignature(text) {
    this.guard(() => this.signature.change(text));
  }

  close() {
    this.isClosed = true;
    this.sockets.forEach((socket) => socket.close());
  }
}

// What the API does not have fails with its name.
function strict(object, name) {
  return new Proxy(object, {
    get(target, key) {
      if (!(key in target) && typeof key === 'string') {
        throw new TypeError(`${name} has no ${key} in API 18`);
      }
      const found = target[key];
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

module.exports = {Bitwig, SPEED};
