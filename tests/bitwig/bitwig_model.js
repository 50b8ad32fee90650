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

const fs = require('node:fs');
const {OscModule} = require('./model_osc.js');
const {CursorClip, TrackProxy} = require('./model_tracks.js');
const {RangedValue, ReadOnly, Settings, Value} = require('./model_values.js');

const SPEED = 10; // times faster than the clock, unless a test says otherwise: 5 s of polling take half a second
const LATER_MS = 2; // until a change is seen
const WORK_MS = 20; // until Bitwig has read a file or made a track

class Bitwig {
  // kept: settings that the musician chose earlier, by label.
  constructor(kept = {}) {
    this.kept = kept;
    this.speed = SPEED;
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
        play: () => this.playing.set(true), stop: () => this.playing.set(false),
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
      scheduleTask: (callback, ms) => { this.timer(() => this.guard(callback), ms / this.speed); },
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

  // Plays, and the position goes on with the clock.
  roll(on) {
    clearInterval(this.rolling);
    const from = {beat: this.playPosition.seen, ms: performance.now()};
    if (on) {
      this.rolling = setInterval(() => {
        this.move(from.beat + (performance.now() - from.ms) / 60000 * this.tempo.seen);
      }, LATER_MS);
    }
    this.play(on);
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
    clearInterval(this.rolling);
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

module.exports = {Bitwig};
