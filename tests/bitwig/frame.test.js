'use strict';

// Tempo, time signature and the transport's position.

const {test} = require('node:test');
const assert = require('node:assert/strict');
const {useDesk} = require('./desk.js');
const {pause, until} = require('./session.js');

const desk = useDesk();

test('by default Bitwig leads: its tempo goes out, and no other comes in', async () => {
  await desk().meet({}, (it) => { it.tempo.seen = 97.25; });
  await until(() => desk().engine.of('/rg/tempo').length === 1, 'the tempo');
  assert.deepEqual(desk().engine.of('/rg/tempo'), [[97.25]]);
  desk().engine.send('/rg/tempo', {f: 140});
  await desk().settled();
  assert.equal(desk().bitwig.tempo.seen, 97.25);
});

test('where the engine leads Bitwig takes its tempo and signature when they meet, and sends none', async () => {
  desk().engine.dump[2][1] = {f: 133};
  desk().engine.dump[3] = ['/rg/signature', 7, 8];
  await desk().meet({'Tempo and signature': 'Engine leads'});
  await until(() => desk().bitwig.tempo.seen === 133 && desk().bitwig.signature.seen === '7/8', 'the frame');
  desk().bitwig.dragTempo(150);
  await desk().settled();
  assert.deepEqual([desk().engine.of('/rg/tempo'), desk().engine.of('/rg/signature')], [[], []]);
});

test('a tempo that the engine does not play is told, not sent', async () => {
  await desk().meet();
  [250, 275, 300].forEach((bpm) => desk().bitwig.dragTempo(bpm));
  await desk().popup(/(250|275|300).0 bpm: the engine plays 40 to 240/);
  await pause(30); // what is dragged is paced
  assert.deepEqual(desk().engine.of('/rg/tempo'), []);
  assert.equal(desk().bitwig.popups.filter((text) => /the engine plays/.test(text)).length, 1);
  desk().bitwig.dragTempo(200);
  await until(() => desk().engine.of('/rg/tempo').length === 1, 'the tempo that it plays');
});

test('a change of the preference takes effect at once', async () => {
  await desk().meet({'Tempo and signature': 'Off'});
  desk().bitwig.dragTempo(99);
  await desk().settled();
  assert.deepEqual(desk().engine.of('/rg/tempo'), []);
  desk().bitwig.edit('Tempo and signature', 'Bitwig leads');
  await until(() => desk().engine.of('/rg/tempo').length === 1, 'the tempo');
});

test('the position is told on every start, stop and jump, and all the while it rolls', async () => {
  await desk().meet();
  const told = () => desk().engine.of('/rg/clock/position');
  const last = () => told()[told().length - 1];
  desk().bitwig.move(16);
  await until(() => String(last()) === '16,120,0', last);
  desk().bitwig.play(true);
  await until(() => String(last()) === '16,120,1', last);
  desk().bitwig.move(17);
  const before = told().length;
  await until(() => told().length > before + 5 && String(last()) === '17,120,1', last);
  desk().bitwig.play(false);
  await until(() => String(last()) === '17,120,0', last);
  const stopped = told().length;
  await pause(80);
  assert.equal(told().length, stopped);
});

test('a jump is told at once while Bitwig rolls, as when an arranger loop begins again', async () => {
  await desk().meet({}, (it) => { it.tempo.seen = 40; }); // slow: little is rolled between these lines
  const {bitwig} = desk();
  const told = () => bitwig.sent.filter(([address]) => address === '/rg/clock/position');
  bitwig.move(15.9);
  bitwig.play(true);
  const before = told().length;
  bitwig.move(15.95);
  assert.equal(told().length, before);
  bitwig.move(0);
  assert.deepEqual(told()[before], ['/rg/clock/position', 0, 40, 1]);
});

test('the position stays here where the musician wants that', async () => {
  await desk().meet({'Tell the engine where the transport is': false});
  desk().bitwig.play(true);
  await desk().settled();
  assert.deepEqual(desk().engine.of('/rg/clock/position'), []);
});

test('Bitwig starts and stops with the engine where the musician wants that', async () => {
  await desk().meet({'Start and stop with the engine': true});
  desk().engine.send('/rg/clock/active', 'internal', '');
  desk().engine.send('/rg/playing', 1);
  await until(() => desk().bitwig.playing.seen, 'the start');
  desk().engine.send('/rg/playing', 0);
  await until(() => !desk().bitwig.playing.seen, 'the stop');
  desk().bitwig.edit('Start and stop with the engine', false);
  desk().engine.send('/rg/playing', 1);
  await desk().settled();
  assert.equal(desk().bitwig.playing.seen, false);
});

test('while the engine follows Bitwig its late echo of a stop stops nothing', async () => {
  await desk().meet({'Start and stop with the engine': true});
  desk().engine.send('/rg/clock/active', 'osc', 'a host');
  desk().bitwig.play(true);
  desk().engine.send('/rg/playing', 0);
  await desk().settled();
  assert.equal(desk().bitwig.playing.seen, true);
});

test('the echo of a tempo that was left behind does not pull Bitwig back', async () => {
  await desk().meet({'Tempo and signature': 'Both ways'});
  desk().bitwig.dragTempo(121);
  await until(() => desk().engine.of('/rg/tempo').length === 1, 'the first');
  desk().bitwig.dragTempo(123);
  await until(() => desk().engine.of('/rg/tempo').length === 2, 'the second');
  desk().engine.send('/rg/tempo', {f: 121});
  await desk().settled();
  assert.equal(desk().bitwig.tempo.seen, 123);
  desk().engine.send('/rg/tempo', {f: 90});
  await until(() => desk().bitwig.tempo.seen === 90, 'a tempo of somebody else');
});
