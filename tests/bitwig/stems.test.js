'use strict';

// Finished stems and launcher slots.

const {test} = require('node:test');
const assert = require('node:assert/strict');
const {useDesk} = require('./desk.js');
const {pause, until} = require('./session.js');

const desk = useDesk();
const drums = (bitwig) => bitwig.addTrack('RG drums');
const one = (index = 0) => until(() => desk().clips(index).length === 1, () => desk().bitwig.tracks);

test('a stem that was there before us is left alone until the musician asks for it', async () => {
  const {engine} = desk();
  engine.dump.push(desk().told(1));
  await desk().meet({}, drums);
  assert.deepEqual(desk().bitwig.inserted, []);
  desk().finish(1); // told again: the file is there now, and it is no news
  await desk().settled();
  assert.deepEqual(desk().bitwig.inserted, []);
  desk().bitwig.press('Insert stems');
  await one();
});

test('a stem that was finished while the engine could not be heard lands when it is back', async () => {
  const {engine} = desk();
  engine.dump.push(desk().told(1));
  await desk().meet({}, drums);
  engine.isSilent = true;
  await until(() => desk().bitwig.shown('Engine') === 'not connected', 'the loss');
  desk().finish(2);
  engine.dump[engine.dump.length - 1] = desk().told(2);
  engine.isSilent = false;
  await one();
  await until(() => desk().clips()[0] === '0 drums t2 (set) Am 4 bars', () => desk().clips());
});

test('stems of a set that is opened are not finished takes; the first one made in it is', async () => {
  const {engine} = desk();
  await desk().meet({}, drums);
  engine.dump = [['/rg/set/open', 'other'], ['/rg/set/folder', desk().folder], desk().told(1)];
  engine.send('/rg/set/open', 'other');
  desk().finish(1);
  await until(() => engine.of('/rg/refresh').length === 1, 'the refresh');
  await desk().settled();
  desk().finish(2);
  await one();
  assert.equal(desk().bitwig.inserted.length, 1);
  assert.match(desk().bitwig.inserted[0], /_t2\.wav$/);
});

test('a take of another set is another clip, though it has the same number', async () => {
  const {engine} = desk();
  await desk().meet({}, drums);
  desk().finish(1);
  await one();
  engine.dump = [['/rg/set/open', 'other'], ['/rg/set/folder', desk().folder]];
  engine.send('/rg/set/open', 'other');
  await until(() => engine.of('/rg/refresh').length === 1, 'the refresh');
  await desk().settled();
  desk().finish(1);
  const names = ['0 drums t1 (set) Am 4 bars', '1 drums t1 (other) Am 4 bars'];
  await until(() => String(desk().clips()) === String(names), () => desk().clips());
});

test('a take that is rendered again at another tempo has its clip already', async () => {
  await desk().meet({}, drums);
  desk().finish(1);
  await one();
  desk().finish(1, 'drums', 133.5);
  await desk().settled();
  desk().finish(2, 'drums', 133.5);
  await until(() => desk().clips().length === 2, () => desk().clips());
  assert.deepEqual(desk().bitwig.inserted.map((path) => /_t\d/.exec(path)[0]), ['_t1', '_t2']);
});

test('a file that Bitwig does not take is told once, and not tried again', async () => {
  await desk().meet({}, (bitwig) => { drums(bitwig); bitwig.takesFiles = false; });
  desk().finish(2);
  await desk().popup(/Bitwig did not take drums t2 \(set\).*_t2\.wav\); look before/);
  desk().bitwig.takesFiles = true;
  await pause(150);
  assert.deepEqual([desk().clips(), desk().bitwig.inserted.length], [[], 1]);
  desk().finish(3);
  await one();
});

test('a slot that waits for a recording is not free', async () => {
  await desk().meet({}, (bitwig) => { drums(bitwig); bitwig.tracks[0].queued = 0; });
  desk().finish(2);
  await one();
  assert.match(desk().clips()[0], /^1 /);
});

test('where every slot is taken a scene is added, or nothing where the musician does not want that', async () => {
  const full = {0: {name: 'a'}, 1: {name: 'b'}, 2: {name: 'c'}, 3: {name: 'd'}};
  await desk().meet({}, (bitwig) => bitwig.addTrack('RG drums', full));
  desk().finish(1);
  await until(() => desk().clips().length === 5, () => desk().clips());
  desk().bitwig.edit('Add a scene when all slots are taken', false);
  desk().finish(2);
  await desk().popup(/every slot of RG drums is taken; drums t2 \(set\) was not inserted/);
  assert.deepEqual([desk().bitwig.scenes, desk().clips().length], [5, 5]);
});

test('a missing track is made, tagged and coloured; or asked for', async () => {
  await desk().meet({}, (it) => it.addTrack('RG drumsticks'));
  desk().finish(1);
  await until(() => desk().bitwig.tracks.length === 2, 'a track');
  await one(1);
  const [, made] = desk().bitwig.tracks;
  assert.deepEqual([made.name, made.color.length], ['RG drums', 3]);
  desk().bitwig.edit('Create missing tracks', false);
  desk().finish(1, 'bass');
  await desk().popup(/there is no track RG bass/);
  assert.equal(desk().bitwig.tracks.length, 2);
});

test('a track that Bitwig does not make is told', async () => {
  await desk().meet({}, (bitwig) => { bitwig.makesTracks = false; });
  desk().finish(1);
  await desk().popup(/Bitwig made no track for drums; make an audio track RG drums/);
});

test('where there are more tracks than are looked through none is made', async () => {
  await desk().meet({}, (bitwig) => {
    for (let number = 1; number <= 40; number += 1) {
      bitwig.addTrack(`Mine ${number}`);
    }
  });
  desk().finish(1);
  await desk().popup(/too many tracks: 40 are looked through, and none is RG drums/);
  assert.equal(desk().bitwig.tracks.length, 40);
});

test('an instrument track of that name is told, and left alone', async () => {
  await desk().meet({}, (bitwig) => bitwig.addTrack('RG drums', {}, 'Instrument'));
  desk().finish(1);
  await desk().popup(/cannot hold audio/);
  assert.deepEqual(desk().bitwig.inserted, []);
});

test('a project that comes to the front meanwhile gets nothing of it', async () => {
  await desk().meet({}, (bitwig) => { drums(bitwig); bitwig.takesFiles = false; });
  desk().finish(1);
  desk().finish(1, 'bass');
  await until(() => desk().bitwig.inserted.length === 1, 'the insertion');
  desk().bitwig.openProject('second', {});
  await desk().popup(/another project was opened/);
  await pause(100);
  assert.deepEqual([desk().bitwig.inserted.length, desk().bitwig.tracks.length], [1, 1]);
});

test('a clip that the musician selects meanwhile keeps its name', async () => {
  await desk().meet({}, (bitwig) => {
    drums(bitwig);
    bitwig.addTrack('Mine', {0: {name: 'dear to me'}});
    const {select} = bitwig;
    bitwig.select = () => select.call(bitwig, 1, 0); // whatever the script selects
  });
  desk().finish(1);
  await desk().popup(/inserted drums t1 \(set\)/);
  assert.deepEqual([desk().clips(1), desk().clips()], [['0 dear to me'], ['0 drums_120bpm_Am_4bars_t1']]);
  desk().finish(2);
  await until(() => desk().clips().length === 2, () => desk().clips());
  desk().finish(1); // without its name it is known all the same
  desk().finish(3);
  await until(() => desk().clips().length === 3, () => desk().clips());
  assert.deepEqual(desk().bitwig.inserted.map((path) => /_t\d/.exec(path)[0]), ['_t1', '_t2', '_t3']);
});

test('four stems are launched together, as the preferences say', async () => {
  await desk().meet({'Launch what was inserted': 'Next bar'});
  ['drums', 'bass', 'harmony', 'melody'].forEach((role) => desk().finish(1, role));
  const {launched} = desk().bitwig;
  await until(() => launched.length === 4, () => launched);
  assert.equal(new Set(launched.map(([name]) => name)).size, 4);
  assert.ok(launched.every(([, scene, when, mode]) => scene === 0 && when === '1' && mode === 'default'));
  await desk().popup(/inserted drums t1 \(set\), bass .*, harmony .*, melody /);
});

test('a take that is wanted again is launched where it lies, and not inserted twice', async () => {
  await desk().meet({'Launch what was inserted': 'At once'}, drums);
  const {launched} = desk().bitwig;
  for (const take of [1, 2, 1]) {
    const before = launched.length;
    desk().finish(take);
    await until(() => launched.length === before + 1, () => launched);
  }
  assert.deepEqual(launched.map(([, scene]) => scene), [0, 1, 0]);
  assert.equal(desk().clips().length, 2);
});

test('a take keeps the length of its time, though the signature has changed when it is inserted', async () => {
  await desk().meet({'Insert finished stems': false}, drums);
  desk().finish(1);
  desk().engine.send('/rg/signature', 3, 4);
  await desk().settled();
  desk().bitwig.press('Insert stems');
  const {clips} = desk().bitwig.tracks[0];
  await until(() => clips[0] && clips[0].loopLength, () => clips);
  assert.equal(clips[0].loopLength, 16);
});

test('a name with a folder in it is no stem', async () => {
  await desk().meet({}, drums);
  desk().engine.send('/rg/track/drums/stem', '../../etc/passwd', {f: 120}, 'Am', 4, 7);
  await desk().popup(/did not say where/);
  assert.deepEqual(desk().bitwig.inserted, []);
});

test('with inserting switched off stems stay in their folder', async () => {
  await desk().meet({'Insert finished stems': false}, drums);
  desk().finish(1);
  await desk().settled();
  assert.deepEqual(desk().bitwig.inserted, []);
});
