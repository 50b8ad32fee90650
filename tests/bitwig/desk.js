'use strict';

// A Bitwig with the script, and a stand-in for the engine, which says at once what a test wants said.

const {afterEach, beforeEach} = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const {StandIn, bound, openStudio, start, temporaryFolder, until} = require('./session.js');

class Desk {
  constructor() {
    this.folder = temporaryFolder();
    fs.mkdirSync(path.join(this.folder, 'stems'));
    this.engine = new StandIn([
      ['/rg/set/open', 'set'], ['/rg/set/folder', this.folder], ['/rg/tempo', {f: 120}],
      ['/rg/signature', 4, 4],
    ]);
  }

  // Until the whole dump has been heard. `prepare` gets Bitwig before the script runs.
  async meet(kept = {}, prepare = () => {}) {
    this.bitwig = await openStudio(await bound(this.engine.socket, 0), kept);
    prepare(this.bitwig);
    start(this.bitwig);
    await until(() => this.bitwig.shown('Engine') === 'connected', 'the connection');
    await this.settled();
  }

  // Until everything that was sent to the script has been heard: what is told last is shown last.
  async settled() {
    const word = `mark ${Math.random()}`;
    this.engine.send('/rg/done', word, 0);
    await until(() => this.bitwig.shown('Engine') === `done: ${word}`, word);
  }

  // The engine tells of a finished stem, which lies there.
  finish(take, role = 'drums', tempo = 120) {
    const file = `${role}_${tempo}bpm_Am_4bars_t${take}.wav`;
    fs.writeFileSync(path.join(this.folder, 'stems', file), '');
    this.engine.send(...this.told(take, role, tempo));
    return file;
  }

  told(take, role = 'drums', tempo = 120) {
    return [`/rg/track/${role}/stem`, `${role}_${tempo}bpm_Am_4bars_t${take}.wav`, {f: tempo}, 'Am', 4, 7];
  }

  popup(pattern) {
    return until(() => this.bitwig.popups.some((text) => pattern.test(text)), () => this.bitwig.popups);
  }

  clips(index = 0) {
    return Object.entries(this.bitwig.tracks[index].clips).map(([scene, clip]) => `${scene} ${clip.name}`);
  }

  // Whatever a test was about: nothing failed in the script, and nothing was overwritten.
  close() {
    this.bitwig.close();
    this.engine.close();
    fs.rmSync(this.folder, {recursive: true});
    assert.deepEqual(this.bitwig.errors, []);
    assert.deepEqual(this.bitwig.overwritten, []);
  }
}

// A desk for every test: `desk().engine`, `desk().bitwig`.
function useDesk() {
  let desk;
  beforeEach(() => { desk = new Desk(); });
  afterEach(() => desk.close());
  return () => desk;
}

module.exports = {useDesk};
