'use strict';

// Bitwig's script and the real engine: one engine, one Bitwig, in the order in which a musician works.

const {after, before, test} = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const {
  Engine, LONGEST_START_MS, Musician, freeEnginePort, openStudio, pause, start, temporaryFolder, until,
} = require('./session.js');

const ROLES = ['drums', 'bass', 'harmony', 'melody'];
const PROMPT = 'techno at 140 bpm, 1 bar';

let engine;
let bitwig;
let musician;

before(async () => {
  engine = new Engine(path.join(temporaryFolder(), 'set'), await freeEnginePort());
  bitwig = await openStudio(engine.port, {'Tempo and signature': 'Both ways'});
  bitwig.speed = 4; // a real engine on a busy machine answers when it can
  bitwig.addTrack('RG bass (mine)', {0: {name: 'an old idea'}, 1: {name: 'another'}});
  start(bitwig);
  musician = new Musician();
  await connected();
  await musician.join(engine.port);
});

after(async () => {
  bitwig.close();
  musician.close();
  await engine.kill();
  fs.rmSync(path.dirname(engine.folder), {recursive: true, force: true});
});

function connected() {
  const isUp = () => engine.check() && bitwig.shown('Engine') === 'connected';
  return until(isUp, () => engine.log, LONGEST_START_MS);
}

function track(role) {
  return bitwig.tracks.find(({name}) => name.startsWith(`RG ${role}`));
}

function clipsOf(role) {
  return Object.values(track(role) ? track(role).clips : {});
}

function stemOf(role) {
  return musician.values[`/rg/track/${role}/stem`][0];
}

test('Bitwig leads when they meet: the engine takes its tempo and signature', async () => {
  await until(() => musician.values['/rg/tempo'][0] === 120, 'the tempo');
  assert.deepEqual(musician.values['/rg/signature'], [4, 4]);
});

test('a prompt becomes four stems in free slots, named, looped and coloured; what was there stays', async () => {
  bitwig.edit('Prompt', PROMPT);
  bitwig.press('Generate');
  await until(() => ROLES.every((role) => clipsOf(role).some((clip) => clip.loopLength)), () => bitwig.tracks);
  ROLES.forEach((role) => {
    const clip = clipsOf(role).find(({path: file}) => file);
    assert.equal(clip.name, `${role} t1 (set) ${musician.values['/rg/context/key'][0]} 1 bars`);
    assert.equal(clip.path, `${engine.folder}/stems/${stemOf(role)}`);
    assert.deepEqual([clip.isLooping, clip.playStart, clip.loopStart, clip.loopLength], [true, 0, 0, 4]);
    assert.equal(clip.color.length, 3);
  });
  assert.deepEqual(clipsOf('bass').map(({name}) => name), ['an old idea', 'another', track('bass').clips[2].name]);
  assert.deepEqual(bitwig.overwritten, []);
  assert.equal(bitwig.tracks.length, 4); // three were made, the musician's own was found
});

test('the tempo of what plays comes to Bitwig, and is not sent back', async () => {
  const before = bitwig.sent.filter(([address]) => address === '/rg/tempo').length;
  musician.send('/rg/tempo', 133.5);
  await until(() => bitwig.tempo.seen === 133.5, 'the tempo in Bitwig');
  await pause(100);
  assert.equal(bitwig.sent.filter(([address]) => address === '/rg/tempo').length, before);
});

test('a tempo that is dragged in Bitwig ends where it was let go, in both', async () => {
  for (let bpm = 100; bpm <= 110; bpm += 0.5) {
    bitwig.dragTempo(bpm);
    await pause(4);
  }
  await until(() => musician.values['/rg/tempo'][0] === 110, () => musician.values['/rg/tempo']);
  await pause(120);
  assert.equal(bitwig.tempo.seen, 110);
  assert.equal(musician.values['/rg/tempo'][0], 110);
});

test('a signature goes both ways', async () => {
  bitwig.setSignature('7/8');
  await until(() => String(musician.values['/rg/signature']) === '7,8', 'the signature at the engine');
  musician.send('/rg/signature', 4, 4);
  await until(() => bitwig.signature.seen === '4/4', 'the signature in Bitwig');
});

test('the engine rolls with Bitwig, from where it is, and stops with it', async () => {
  bitwig.move(32);
  bitwig.roll(true);
  await until(() => musician.values['/rg/clock/active'][0] === 'osc', () => musician.values['/rg/clock/active']);
  await until(() => String(musician.values['/rg/playing']) === '1', 'the start');
  await until(() => musician.of('/rg/beat').some(([bar]) => bar >= 9), () => musician.of('/rg/beat'));
  bitwig.roll(false);
  await until(() => String(musician.values['/rg/playing']) === '0', 'the stop');
});

test('Bitwig starts and stops with an engine that leads', async () => {
  bitwig.edit('Start and stop with the engine', true);
  musician.send('/rg/clock/source', 'internal');
  await until(() => musician.values['/rg/clock/active'][0] === 'internal', () => musician.values['/rg/clock/active']);
  musician.send('/rg/play');
  await until(() => bitwig.playing.seen, 'the start');
  musician.send('/rg/stop');
  await until(() => !bitwig.playing.seen, 'the stop');
  bitwig.edit('Start and stop with the engine', false);
  musician.send('/rg/clock/source', 'auto');
});

test('a lock clicked in the panel locks, and a lock set elsewhere shows', async () => {
  bitwig.edit('Drums lock', true);
  await until(() => musician.values['/rg/track/drums/lock'][0] === 1, 'the lock at the engine');
  musician.send('/rg/track/drums/lock', 0);
  await until(() => bitwig.shown('Drums lock') === false, 'the lock in the panel');
});

test('regenerate brings a second take under the first; undo finds the first again and inserts nothing', async () => {
  const first = stemOf('melody');
  bitwig.edit('Melody prompt', 'busier');
  bitwig.press('Melody regenerate');
  await until(() => clipsOf('melody').length === 2, () => track('melody'));
  await until(() => bitwig.shown('Melody state') === 'ready, take 2 of 2', () => bitwig.shown('Melody state'));
  const inserted = bitwig.inserted.length;
  bitwig.press('Melody undo');
  await until(() => bitwig.shown('Melody take') === 1, 'the take in the panel');
  await until(() => stemOf('melody') === first, 'the stem');
  await pause(60);
  assert.equal(bitwig.inserted.length, inserted);
});

test('a refused take is said, and the panel shows what is true', async () => {
  bitwig.popups.length = 0;
  bitwig.edit('Melody take', 9);
  await until(() => bitwig.popups.some((text) => text.includes('has takes 1 to 2, not 9')), () => bitwig.popups);
  await until(() => bitwig.shown('Melody take') === 1, 'the take in the panel');
});

test('the set goes out as a DAWproject, and its name is told', async () => {
  bitwig.popups.length = 0;
  bitwig.press('Export DAWproject');
  const told = /written: (exports\/set_.*\.dawproject)/;
  await until(() => bitwig.popups.some((text) => told.test(text)), () => bitwig.popups);
  const name = bitwig.popups.map((text) => told.exec(text)).find(Boolean)[1];
  assert.equal(fs.readFileSync(path.join(engine.folder, name)).toString('latin1', 0, 2), 'PK');
});

test('another project brings its own saved locks, and the engine keeps its own', async () => {
  bitwig.sent.length = 0;
  bitwig.openProject('second', {'Bass lock': true, 'Melody take': 2, Prompt: 'saved with the second'});
  await until(() => bitwig.shown('Bass lock') === false && bitwig.shown('Melody take') === 1, 'the truth');
  assert.deepEqual(bitwig.sent.filter(([address]) => /lock|take/.test(address)), []);
  assert.equal(bitwig.shown('Prompt'), 'saved with the second');
});

test('an engine that was killed is missed; the new one is found, and its stems are not inserted again', async () => {
  const inserted = bitwig.inserted.length;
  await engine.kill();
  await until(() => bitwig.shown('Engine') === 'not connected', 'the loss');
  bitwig.popups.length = 0;
  bitwig.press('Generate');
  assert.match(bitwig.popups[0], /no engine.*resonantgen serve/);
  engine = new Engine(engine.folder, engine.port);
  await connected();
  await until(() => bitwig.shown('Melody state') === 'ready, take 1 of 2', () => bitwig.shown('Melody state'));
  assert.equal(bitwig.inserted.length, inserted);
});

test('nothing went wrong in the script, and nothing was overwritten', () => {
  assert.deepEqual(bitwig.errors.filter((text) => !/could not be sent/.test(text)), []);
  assert.deepEqual(bitwig.overwritten, []);
});
