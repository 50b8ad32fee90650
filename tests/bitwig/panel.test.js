'use strict';

// The Studio I/O panel, notifications and the connection.

const {test} = require('node:test');
const assert = require('node:assert/strict');
const {useDesk} = require('./desk.js');
const {Bitwig, bound, freeUdpPort, start, until} = require('./session.js');

const desk = useDesk();

test('the panel shows what a track does, and the newest of its progress', async () => {
  await desk().meet();
  desk().engine.send('/rg/track/bass/take', 2, 5);
  desk().engine.send('/rg/track/bass/state', 'generating');
  desk().engine.send('/rg/track/bass/progress', {f: 0.43});
  const shows = (text) => until(() => desk().bitwig.shown('Bass state') === text, text);
  await shows('generating 40 %, take 2 of 5');
  desk().engine.send('/rg/track/bass/state', 'failed');
  await shows('failed, take 2 of 5');
});

test('buttons send what they say, with a request id where an answer is due', async () => {
  await desk().meet({Prompt: 'dark techno', 'Drums prompt': 'half as busy'});
  [
    'Generate', 'Quick look', 'Cancel', 'Launch', 'Drums regenerate', 'Bass regenerate', 'Drums undo', 'Drums redo',
  ].forEach((label) => desk().bitwig.press(label));
  await until(() => desk().engine.of('/rg/track/drums/redo').length === 1, 'the last');
  const [generate] = desk().engine.of('/rg/generate');
  assert.deepEqual([generate[0], typeof generate[1]], ['dark techno', 'number']);
  assert.equal(desk().engine.of('/rg/preview')[0][0], 'dark techno');
  assert.equal(desk().engine.of('/rg/track/drums/regenerate')[0][0], 'half as busy');
  assert.equal(desk().engine.of('/rg/track/bass/regenerate')[0].length, 1); // the request id alone
  ['/rg/cancel', '/rg/launch', '/rg/track/drums/undo'].forEach((address) => {
    assert.deepEqual(desk().engine.of(address), [[]]);
  });
});

test('without a prompt nothing is generated, and the musician is told', async () => {
  await desk().meet();
  desk().bitwig.press('Generate');
  await desk().popup(/write a prompt first/);
  assert.deepEqual(desk().engine.of('/rg/generate'), []);
});

test('what the engine refuses or warns of is shown, unless notifications are off', async () => {
  await desk().meet();
  desk().engine.send('/rg/fail', '/rg/generate', 1, 'empty', 'every track is locked');
  await desk().popup(/every track is locked/);
  desk().engine.send('/rg/log', 'warning', 'the disk is nearly full');
  await desk().popup(/nearly full/);
  desk().engine.send('/rg/log', 'info', 'all is well');
  desk().bitwig.edit('Show notifications', false);
  desk().engine.send('/rg/log', 'error', 'not shown');
  await desk().settled();
  assert.ok(!desk().bitwig.popups.some((text) => /well|not shown/.test(text)));
});

test('hello is said again at once when the engine says that it has started', async () => {
  await desk().meet();
  const hellos = desk().engine.of('/rg/hello').length;
  desk().engine.send('/rg/startup', '9.9');
  await until(() => desk().engine.of('/rg/hello').length > hellos, 'hello');
});

test('while the engine is there pings keep the lease, and hello is said once', async () => {
  await desk().meet();
  await until(() => desk().engine.of('/rg/ping').length >= 3, 'three pings');
  assert.equal(desk().engine.of('/rg/hello').length, 1);
  assert.equal(desk().engine.of('/rg/hello')[0][2] & 4, 0); // no levels
});

test('an engine that leaves one ping unanswered is busy, and not gone', async () => {
  const {engine} = desk();
  await desk().meet();
  const answer = engine.take.bind(engine);
  let pings = 0;
  engine.take = (message, from) => {
    pings += message.address === '/rg/ping' ? 1 : 0;
    if (message.address !== '/rg/ping' || pings % 2 === 0) {
      answer(message, from);
    }
  };
  await until(() => pings >= 6, () => pings);
  assert.equal(engine.of('/rg/hello').length, 1);
  assert.ok(!desk().bitwig.popups.some((text) => /does not answer/.test(text)));
});

test('a dump whose end was lost is asked for again, and what comes after it is news again', async () => {
  const {engine} = desk();
  const whole = engine.sendDump.bind(engine);
  engine.sendDump = () => [['/rg/update', 1], ...engine.dump].forEach((message) => engine.send(...message));
  await desk().meet({}, (it) => it.addTrack('RG drums'));
  desk().finish(1);
  await desk().settled();
  assert.deepEqual(desk().bitwig.inserted, []); // for all that is known it was there before us
  engine.sendDump = whole;
  await until(() => engine.of('/rg/refresh').length > 0, 'the question');
  await desk().settled();
  desk().finish(2);
  await until(() => desk().clips().length === 1, () => desk().bitwig.tracks);
});

test('a dump whose beginning was lost is one all the same', async () => {
  const {engine} = desk();
  engine.sendDump = () => {
    [...engine.dump, desk().told(1), ['/rg/update', 0]].forEach((message) => engine.send(...message));
  };
  await desk().meet({}, (it) => it.addTrack('RG drums'));
  assert.deepEqual(desk().bitwig.inserted, []);
  desk().finish(2);
  await until(() => desk().clips().length === 1, () => desk().bitwig.tracks);
});

test('another project does not set the engine, whether its name comes first or its settings do', async () => {
  await desk().meet();
  desk().engine.send('/rg/track/bass/lock', 0);
  desk().engine.send('/rg/bars', 8);
  await desk().settled();
  desk().bitwig.openProject('second', {'Bass lock': true});
  await until(() => desk().bitwig.shown('Bass lock') === false, 'the truth');
  desk().bitwig.openProject('third', {});
  desk().bitwig.edit('Bars', 16);
  await until(() => desk().bitwig.shown('Bars') === 8, 'the truth');
  await desk().settled();
  assert.deepEqual([desk().engine.of('/rg/track/bass/lock'), desk().engine.of('/rg/bars')], [[], []]);
});

test('a port that another program has is told, and nothing is sent from there on', async () => {
  const taken = await freeUdpPort();
  const bitwig = new Bitwig({'Engine port': await bound(desk().engine.socket, 0), 'Receive port': taken});
  bitwig.takenPorts.push(taken);
  desk().bitwig = bitwig;
  start(bitwig);
  await desk().popup(new RegExp(`port ${taken} is taken`));
  await until(() => /is taken/.test(desk().bitwig.shown('Engine')), 'the panel');
  assert.match(desk().bitwig.errors.pop(), /BindException/);
  assert.deepEqual(desk().bitwig.sent, []);
});

test('an engine host that nobody knows is told', async () => {
  desk().bitwig = new Bitwig({'Engine host': 'no such', 'Receive port': await freeUdpPort()});
  start(desk().bitwig);
  await desk().popup(/the engine host no such is not known/);
  assert.match(desk().bitwig.errors.pop(), /UnknownHostException/);
  desk().bitwig.press('Generate');
  await bound(desk().engine.socket, 0);
});

test('reconnecting starts the script anew, which is how Bitwig makes new connections', async () => {
  await desk().meet();
  desk().bitwig.press('Use these');
  assert.equal(desk().bitwig.restarts, 1);
});

test('it needs version 18 of the API', async () => {
  await desk().meet();
  assert.equal(desk().bitwig.api, 18);
  assert.equal(desk().bitwig.controller[0], 'ResonantGen');
});
