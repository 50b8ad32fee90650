'use strict';

// The script against a stand-in for the engine, which says at once what a test wants said.

const {afterEach, beforeEach, test} = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const {Bitwig, StandIn, bound, freeUdpPort, openStudio, pause, start, temporaryFolder, until} = require('./session.js');

const BEFORE = 'drums_120bpm_Am_4bars_t1.wav';
const NEXT = 'drums_120bpm_Am_4bars_t2.wav';

let engine;
let bitwig;
let folder;

beforeEach(async () => {
  folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, 'stems'));
  engine = new StandIn([
    ['/rg/set/open', 'set'], ['/rg/set/folder', folder], ['/rg/tempo', {f: 120}], ['/rg/signature', 4, 4],
  ]);
});

afterEach(() => {
  bitwig.close();
  engine.close();
  fs.rmSync(folder, {recursive: true});
  assert.deepEqual(bitwig.errors, []);
  assert.deepEqual(bitwig.overwritten, []);
});

// A Bitwig that has heard the whole dump. `prepare` gets it before the script runs.
async function meet(kept = {}, prepare = () => {}) {
  bitwig = await openStudio(await bound(engine.socket, 0), kept);
  prepare(bitwig);
  start(bitwig);
  await until(() => bitwig.shown('Engine') === 'connected', 'the connection');
  await settled();
}

// Everything that was sent to the script has been heard: a failure told last is shown last.
async function settled() {
  const word = `mark ${Math.random()}`;
  engine.send('/rg/done', word, 0);
  await until(() => bitwig.shown('Engine') === `done: ${word}`, word);
}

function finish(file, role = 'drums') {
  fs.writeFileSync(path.join(folder, 'stems', file), '');
  engine.send(`/rg/track/${role}/stem`, file, {f: 120}, 'Am', 4, 7);
}

function popup(pattern) {
  return until(() => bitwig.popups.some((text) => pattern.test(text)), () => bitwig.popups);
}

function clips(index = 0) {
  return Object.entries(bitwig.tracks[index].clips).map(([scene, clip]) => `${scene} ${clip.name}`);
}

const drums = (bitwig) => bitwig.addTrack('RG drums');

// --- stems ---------------------------------------------------------------------------------------------

test('a stem that was there before us is left alone until the musician asks for it', async () => {
  fs.writeFileSync(path.join(folder, 'stems', BEFORE), '');
  engine.dump.push(['/rg/track/drums/stem', BEFORE, {f: 120}, 'Am', 4, 7]);
  await meet({}, drums);
  assert.deepEqual(bitwig.inserted, []);
  bitwig.press('Insert stems');
  await until(() => clips().length === 1, clips);
});

test('a stem that was finished while the engine could not be heard lands when it is back', async () => {
  engine.dump.push(['/rg/track/drums/stem', BEFORE, {f: 120}, 'Am', 4, 7]);
  await meet({}, drums);
  engine.isSilent = true;
  await until(() => bitwig.shown('Engine') === 'not connected', 'the loss');
  fs.writeFileSync(path.join(folder, 'stems', NEXT), '');
  engine.dump[engine.dump.length - 1][1] = NEXT;
  engine.isSilent = false;
  await until(() => clips().length === 1, clips);
  assert.deepEqual(clips(), ['0 drums_120bpm_Am_4bars_t2']);
});

test('stems of a set that is opened are not finished takes; the first one made in it is', async () => {
  await meet({}, drums);
  engine.dump = [['/rg/set/open', 'other'], ['/rg/track/drums/stem', BEFORE, {f: 120}, 'Am', 4, 7]];
  engine.send('/rg/set/open', 'other');
  engine.send('/rg/track/drums/stem', BEFORE, {f: 120}, 'Am', 4, 7);
  await until(() => engine.of('/rg/refresh').length === 1, 'the refresh');
  await settled();
  finish(NEXT);
  await until(() => clips().length === 1, clips);
  assert.deepEqual(bitwig.inserted, [`${folder}/stems/${NEXT}`]);
});

test('a file that Bitwig does not take is told once, and not tried again', async () => {
  await meet({}, (it) => { drums(it); it.takesFiles = false; });
  finish(NEXT);
  await popup(/Bitwig did not take drums_120bpm_Am_4bars_t2/);
  bitwig.takesFiles = true;
  await pause(150);
  assert.deepEqual([clips(), bitwig.inserted.length], [[], 1]);
  finish('drums_120bpm_Am_4bars_t3.wav');
  await until(() => clips().length === 1, clips);
});

test('a slot that waits for a recording is not free', async () => {
  await meet({}, (it) => { drums(it); it.tracks[0].queued = 0; });
  finish(NEXT);
  await until(() => clips().length === 1, clips);
  assert.deepEqual(clips(), ['1 drums_120bpm_Am_4bars_t2']);
});

test('where every slot is taken a scene is added, or nothing where the musician does not want that', async () => {
  const full = {0: {name: 'a'}, 1: {name: 'b'}, 2: {name: 'c'}, 3: {name: 'd'}};
  await meet({}, (it) => it.addTrack('RG drums', full));
  finish(BEFORE);
  await until(() => bitwig.tracks[0].clips[4], clips);
  bitwig.edit('Add a scene when all slots are taken', false);
  finish(NEXT);
  await popup(/every slot of RG drums is taken; drums_120bpm_Am_4bars_t2 was not inserted/);
  assert.deepEqual([bitwig.scenes, clips().length], [5, 5]);
});

test('a missing track is made, tagged and coloured; or asked for', async () => {
  await meet({}, (it) => it.addTrack('RG drumsticks'));
  finish(NEXT);
  await until(() => bitwig.tracks.length === 2 && clips(1).length === 1, () => bitwig.tracks);
  assert.deepEqual([bitwig.tracks[1].name, bitwig.tracks[1].color.length], ['RG drums', 3]);
  bitwig.edit('Create missing tracks', false);
  finish('bass_120bpm_Am_4bars_t1.wav', 'bass');
  await popup(/there is no track RG bass/);
  assert.equal(bitwig.tracks.length, 2);
});

test('a track that Bitwig does not make is told', async () => {
  await meet({}, (it) => { it.makesTracks = false; });
  finish(NEXT);
  await popup(/Bitwig made no track for drums; make an audio track RG drums/);
});

test('an instrument track of that name is told, and left alone', async () => {
  await meet({}, (it) => it.addTrack('RG drums', {}, 'Instrument'));
  finish(NEXT);
  await popup(/cannot hold audio/);
  assert.deepEqual(bitwig.inserted, []);
});

test('a project that comes to the front meanwhile gets nothing of it', async () => {
  await meet({}, (it) => { drums(it); it.takesFiles = false; });
  finish(NEXT);
  await until(() => bitwig.inserted.length === 1, 'the insertion');
  bitwig.openProject('second', {});
  await popup(/another project was opened/);
});

test('four stems are launched together, as the preferences say', async () => {
  await meet({'Launch what was inserted': 'Next bar'});
  ['drums', 'bass', 'harmony', 'melody'].forEach((role) => finish(`${role}_120bpm_Am_4bars_t1.wav`, role));
  await until(() => bitwig.launched.length === 4, () => bitwig.launched);
  assert.deepEqual(new Set(bitwig.launched.map(([name]) => name)).size, 4);
  assert.ok(bitwig.launched.every(([, scene, when, mode]) => scene === 0 && when === '1' && mode === 'default'));
  await popup(/inserted drums_120bpm_Am_4bars_t1, bass_.*, harmony_.*, melody_/);
});

test('a take that is wanted again is launched where it lies, and not inserted twice', async () => {
  await meet({'Launch what was inserted': 'At once'}, drums);
  finish(BEFORE);
  await until(() => bitwig.launched.length === 1, 'the first');
  finish(NEXT);
  await until(() => bitwig.launched.length === 2, 'the second');
  finish(BEFORE);
  await until(() => bitwig.launched.length === 3, 'the first again');
  assert.deepEqual(bitwig.launched.map(([, scene]) => scene), [0, 1, 0]);
  assert.equal(clips().length, 2);
});

test('a name with a folder in it is no stem', async () => {
  await meet({}, drums);
  engine.send('/rg/track/drums/stem', '../../etc/passwd', {f: 120}, 'Am', 4, 7);
  await popup(/did not say where/);
  assert.deepEqual(bitwig.inserted, []);
});

test('with inserting switched off stems stay in their folder', async () => {
  await meet({'Insert finished stems': false}, drums);
  finish(NEXT);
  await settled();
  assert.deepEqual(bitwig.inserted, []);
});

// --- tempo, position -----------------------------------------------------------------------------------

test('by default Bitwig leads: its tempo goes out, and no other comes in', async () => {
  await meet({}, (it) => { it.tempo.seen = 97.25; });
  await until(() => engine.of('/rg/tempo').length === 1, 'the tempo');
  assert.deepEqual(engine.of('/rg/tempo'), [[97.25]]);
  engine.send('/rg/tempo', {f: 140});
  await settled();
  assert.equal(bitwig.tempo.seen, 97.25);
});

test('where the engine leads Bitwig takes its tempo and signature when they meet, and sends none', async () => {
  engine.dump[2][1] = {f: 133};
  engine.dump[3] = ['/rg/signature', 7, 8];
  await meet({'Tempo and signature': 'Engine leads'});
  await until(() => bitwig.tempo.seen === 133 && bitwig.signature.seen === '7/8', 'the frame');
  bitwig.dragTempo(150);
  await settled();
  assert.deepEqual([engine.of('/rg/tempo'), engine.of('/rg/signature')], [[], []]);
});

test('a tempo that the engine does not play is told, not sent', async () => {
  await meet();
  bitwig.dragTempo(300);
  await popup(/300.0 bpm: the engine plays 40 to 240/);
  assert.deepEqual(engine.of('/rg/tempo'), []);
});

test('a change of the preference takes effect at once', async () => {
  await meet({'Tempo and signature': 'Off'});
  bitwig.dragTempo(99);
  await settled();
  assert.deepEqual(engine.of('/rg/tempo'), []);
  bitwig.edit('Tempo and signature', 'Bitwig leads');
  await until(() => engine.of('/rg/tempo').length === 1, 'the tempo');
});

test('the position is told on every start, stop and jump, and all the while it rolls', async () => {
  await meet();
  const told = () => engine.of('/rg/clock/position');
  const last = () => told()[told().length - 1];
  bitwig.move(16);
  await until(() => String(last()) === '16,120,0', last);
  bitwig.play(true);
  await until(() => String(last()) === '16,120,1', last);
  bitwig.move(17);
  const before = told().length;
  await until(() => told().length > before + 5 && String(last()) === '17,120,1', last);
  bitwig.play(false);
  await until(() => String(last()) === '17,120,0', last);
  const stopped = told().length;
  await pause(80);
  assert.equal(told().length, stopped);
});

test('the position stays here where the musician wants that', async () => {
  await meet({'Tell the engine where the transport is': false});
  bitwig.play(true);
  await settled();
  assert.deepEqual(engine.of('/rg/clock/position'), []);
});

// --- panel and connection --------------------------------------------------------------------------------

test('the panel shows what a track does, and the newest of its progress', async () => {
  await meet();
  engine.send('/rg/track/bass/take', 2, 5);
  engine.send('/rg/track/bass/state', 'generating');
  engine.send('/rg/track/bass/progress', {f: 0.43});
  await until(() => bitwig.shown('Bass state') === 'generating 40 % · take 2 of 5', () => bitwig.shown('Bass state'));
  engine.send('/rg/track/bass/state', 'failed');
  await until(() => bitwig.shown('Bass state') === 'failed · take 2 of 5', () => bitwig.shown('Bass state'));
});

test('buttons send what they say, with a request id where an answer is due', async () => {
  await meet({Prompt: 'dark techno', 'Drums prompt': 'half as busy'});
  ['Generate', 'Quick look', 'Cancel', 'Launch', 'Drums regenerate', 'Bass regenerate', 'Drums undo', 'Drums redo']
    .forEach((label) => bitwig.press(label));
  await until(() => engine.of('/rg/track/drums/redo').length === 1, 'the last');
  const [generate] = engine.of('/rg/generate');
  assert.deepEqual([generate[0], typeof generate[1]], ['dark techno', 'number']);
  assert.equal(engine.of('/rg/preview')[0][0], 'dark techno');
  assert.equal(engine.of('/rg/track/drums/regenerate')[0][0], 'half as busy');
  assert.equal(engine.of('/rg/track/bass/regenerate')[0].length, 1); // the request id alone
  assert.deepEqual([engine.of('/rg/cancel'), engine.of('/rg/launch'), engine.of('/rg/track/drums/undo')], [[[]], [[]], [[]]]);
});

test('without a prompt nothing is generated, and the musician is told', async () => {
  await meet();
  bitwig.press('Generate');
  await popup(/write a prompt first/);
  assert.deepEqual(engine.of('/rg/generate'), []);
});

test('what the engine refuses or warns of is shown, unless notifications are off', async () => {
  await meet();
  engine.send('/rg/fail', '/rg/generate', 1, 'empty', 'every track is locked');
  await popup(/every track is locked/);
  engine.send('/rg/log', 'warning', 'the disk is nearly full');
  await popup(/nearly full/);
  engine.send('/rg/log', 'info', 'all is well');
  bitwig.edit('Show notifications', false);
  engine.send('/rg/log', 'error', 'not shown');
  await settled();
  assert.ok(!bitwig.popups.some((text) => /well|not shown/.test(text)));
});

test('hello is said again at once when the engine says that it has started', async () => {
  await meet();
  const hellos = engine.of('/rg/hello').length;
  engine.send('/rg/startup', '9.9');
  await until(() => engine.of('/rg/hello').length > hellos, 'hello');
});

test('while the engine is there pings keep the lease, and hello is said once', async () => {
  await meet();
  await until(() => engine.of('/rg/ping').length >= 3, 'three pings');
  assert.equal(engine.of('/rg/hello').length, 1);
  assert.equal(engine.of('/rg/hello')[0][2] & 4, 0); // no levels
});

test('a port that another program has is told, and nothing is sent from there on', async () => {
  const taken = await freeUdpPort();
  bitwig = new Bitwig({'Engine port': await bound(engine.socket, 0), 'Receive port': taken});
  bitwig.takenPorts.push(taken);
  start(bitwig);
  await popup(new RegExp(`port ${taken} is taken`));
  await until(() => /is taken/.test(bitwig.shown('Engine')), 'the panel');
  assert.match(bitwig.errors.pop(), /BindException/);
  assert.deepEqual(bitwig.sent, []);
});

test('reconnecting starts the script anew, which is how Bitwig makes new connections', async () => {
  await meet();
  bitwig.press('Use these');
  assert.equal(bitwig.restarts, 1);
});

test('it needs version 18 of the API', async () => {
  await meet();
  assert.equal(bitwig.api, 18);
  assert.equal(bitwig.controller[0], 'ResonantGen');
});
