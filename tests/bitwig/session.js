'use strict';

// A Bitwig with our script in it, and who talks to it: the real engine, or a stand-in that says what a
// test wants said. Everything over real UDP sockets.

const dgram = require('node:dgram');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const vm = require('node:vm');
const {spawn} = require('node:child_process');
const {Bitwig} = require('./bitwig_model.js');
const osc = require('./osc.js');

const ROOT = path.join(__dirname, '..', '..');
const SCRIPTS = process.env.RESONANTGEN_BITWIG_SCRIPTS || path.join(ROOT, 'daw_templates', 'bitwig');
const LONGEST_WAIT_MS = 60000;
const LONGEST_START_MS = 300000; // an engine that comes up on a busy machine

// Runs ResonantGen.control.js as Bitwig does: one global scope, load() relative to its folder, then init().
function start(bitwig) {
  const scope = vm.createContext({host: bitwig.host});
  const load = (name) => vm.runInContext(fs.readFileSync(path.join(SCRIPTS, name), 'utf8'), scope, name);
  scope.load = load;
  scope.loadAPI = (version) => { bitwig.api = version; };
  load('ResonantGen.control.js');
  scope.init();
  bitwig.isInit = false;
  bitwig.refresh();
  return scope;
}

// `condition` becomes true, or the test fails and says what it waited for.
async function until(condition, what, longestMs = LONGEST_WAIT_MS) {
  const end = Date.now() + longestMs;
  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`waited for ${typeof what === 'function' ? JSON.stringify(what()) : what}`);
    }
    await pause(3);
  }
}

function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

function bound(socket, port) {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => resolve(socket.address().port));
  });
}

async function freeUdpPort() {
  const socket = dgram.createSocket('udp4');
  const port = await bound(socket, 0);
  socket.close();
  return port;
}

// A port P with P by UDP, and P to P + 2 by TCP: what the engine opens. Below those that systems give out by
// themselves: nobody else gets one of them before the engine does.
async function freeEnginePort() {
  for (;;) {
    const port = 12000 + Math.floor(Math.random() * 20000);
    const ports = [...[port, port + 1, port + 2].map(isFree), isFreeByUdp(port)];
    if ((await Promise.all(ports)).every(Boolean)) {
      return port;
    }
  }
}

async function isFreeByUdp(port) {
  const socket = dgram.createSocket('udp4');
  const isFree = await bound(socket, port).then(() => true, () => false);
  socket.close();
  return isFree;
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

// --- a client of the wire ------------------------------------------------------------------------------

class Ear {
  constructor() {
    this.heard = [];
    this.values = {}; // the newest arguments of every address
    this.socket = dgram.createSocket({type: 'udp4', recvBufferSize: 1 << 20});
    this.socket.on('message', (data, from) => this.take(osc.decode(data), from));
  }

  take(message) {
    this.heard.push(message);
    this.values[message.address] = message.args;
  }

  of(address) {
    return this.heard.filter((message) => message.address === address).map((message) => message.args);
  }

  close() {
    this.socket.close();
  }
}

// Another musician at the engine.
class Musician extends Ear {
  async join(port) {
    this.target = port;
    await bound(this.socket, 0);
    this.beat = setInterval(() => this.send('/rg/ping'), 1000);
    while (!this.values['/rg/hello']) {
      this.send('/rg/hello', 'musician', 0);
      await pause(50);
    }
    await until(() => this.of('/rg/update').some(([on]) => on === 0), 'the dump');
  }

  send(address, ...args) {
    this.socket.send(osc.encode(address, args), this.target, '127.0.0.1');
  }

  close() {
    clearInterval(this.beat);
    super.close();
  }
}

// An engine that says what it is told to say. `dump`: messages of the full dump.
class StandIn extends Ear {
  constructor(dump = []) {
    super();
    this.dump = dump;
    this.isSilent = false;
  }

  take(message, from) {
    super.take(message);
    if (this.isSilent) {
      return;
    }
    if (message.address === '/rg/hello') {
      this.target = message.args[1];
      this.send('/rg/hello', '9.9', 30, 'set');
      this.sendDump();
    } else if (message.address === '/rg/ping') {
      this.send('/rg/pong', ...message.args);
    } else if (message.address === '/rg/refresh') {
      this.sendDump();
    }
  }

  sendDump() {
    [['/rg/update', 1], ...this.dump, ['/rg/update', 0]].forEach((message) => this.send(...message));
  }

  // Floats of the contract are 32 bits wide; whole numbers that stand for one are given as {f: 140}.
  send(address, ...args) {
    this.socket.send(encodeAsEngine(address, args), this.target, '127.0.0.1');
  }
}

function encodeAsEngine(address, args) {
  const plain = osc.encode(address, args.map((arg) => (typeof arg === 'object' ? 0 : arg)));
  const floats = args.map((arg, index) => [arg, index]).filter(([arg]) => typeof arg === 'object');
  const message = osc.decode(plain);
  floats.forEach(([arg, index]) => {
    const tag = plain.indexOf(',') + 1 + index;
    plain.write('f', tag, 'ascii');
    plain.writeFloatBE(arg.f, offsetOf(message, index));
  });
  return plain;
}

// Where an argument begins: address and tags padded, strings padded, numbers four bytes.
function offsetOf(message, index) {
  const padded = (text) => 4 * Math.floor(Buffer.byteLength(text) / 4 + 1);
  const before = message.args.slice(0, index);
  return before.reduce(
    (sum, arg) => sum + (typeof arg === 'string' ? padded(arg) : 4),
    padded(message.address) + padded(',' + message.tags));
}

// --- the real engine -----------------------------------------------------------------------------------

class Engine {
  constructor(folder, port) {
    Object.assign(this, {folder, port, log: ''});
    const settings = path.join(path.dirname(folder), 'engine.toml');
    fs.writeFileSync(settings, '[prompt]\nembeddings = "off"\n'); // up a second sooner
    const options = ['-m', 'bridge', 'serve', '--config', settings, '--set', folder];
    options.push('--port', String(port), '--jack', 'off');
    this.process = spawn(process.env.RESONANTGEN_PYTHON || 'python3', options, {cwd: ROOT});
    this.process.stdout.on('data', (data) => { this.log += data; });
    this.process.stderr.on('data', (data) => { this.log += data; });
  }

  // Fails with what the engine said, where it ended by itself.
  check() {
    if (this.process.exitCode !== null) {
      throw new Error(this.log);
    }
    return true;
  }

  kill() {
    return new Promise((resolve) => {
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        resolve();
      } else {
        this.process.once('exit', resolve);
        this.process.kill('SIGKILL');
      }
    });
  }
}

function temporaryFolder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'bitwig-'));
}

async function openStudio(enginePort, kept = {}) {
  const receivePort = await freeUdpPort();
  return new Bitwig({'Engine port': enginePort, 'Receive port': receivePort, ...kept});
}

module.exports = {
  Bitwig, Engine, LONGEST_START_MS, Musician, SCRIPTS, StandIn, bound, freeEnginePort, freeUdpPort,
  openStudio, pause, start, temporaryFolder, until,
};
