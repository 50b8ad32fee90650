'use strict';

// OSC with the engine. Two sockets: what we send leaves from one, answers arrive at the receive port that
// /rg/hello names. A ping every TICK_MS keeps the lease; MOST_UNANSWERED in a row mean that the engine is
// gone or has forgotten us, and hello is said until it answers. One alone means that it is busy.

var CLIENT_NAME = 'Bitwig';
// Bits of the feedback mask: tracks 1, progress 2, transport 8, set and context 16, log 32. No levels.
var FEEDBACK_MASK = 1 + 2 + 8 + 16 + 32;
var TICK_MS = 1500;
var MOST_UNANSWERED = 2;
// Bitwig loading a project holds us up as well: what has arrived meanwhile is heard before we judge.
var GRACE_MS = 300;

// `listener` has receive(address, message), connected() and lost().
function Connection(host, preferences, listener) {
  this.host = host;
  this.listener = listener;
  this.receivePort = Math.round(preferences.receivePort.getRaw());
  this.requests = 0;
  this.pings = 0;
  this.isUp = false;
  this.unanswered = 0; // pings
  this.isLate = false; // the pong is, and may lie unread
  this.isClosed = false;
  this.problem = '';
  var osc = host.getOscModule();
  this.listen(osc);
  this.out = this.connect(osc, preferences.engineHost.get(), Math.round(preferences.enginePort.getRaw()));
}

Connection.prototype.connect = function (osc, address, port) {
  try {
    return osc.connectToUdpServer(address, port, null);
  } catch (error) {
    this.fail('the engine host ' + address + ' is not known: correct it in the preferences', error);
    return null;
  }
};

Connection.prototype.listen = function (osc) {
  var self = this;
  var space = osc.createAddressSpace();
  space.setShouldLogMessages(false);
  space.registerDefaultMethod(function (source, message) { self.receive(message); });
  try {
    osc.createUdpServer(space).start(this.receivePort);
  } catch (error) {
    this.fail('port ' + this.receivePort + ' is taken: choose another in the preferences', error);
  }
};

// Without both sockets nothing is sent.
Connection.prototype.fail = function (problem, error) {
  this.problem = problem;
  this.host.errorln('ResonantGen: ' + problem + ' (' + error + ')');
};

// --- the lease -------------------------------------------------------------------------------------

Connection.prototype.start = function () {
  if (!this.problem) {
    this.tick();
  }
};

Connection.prototype.tick = function () {
  if (this.isClosed) {
    return;
  }
  var isSilent = this.isUp && this.unanswered >= MOST_UNANSWERED;
  if (isSilent && !this.isLate) {
    this.isLate = true;
    this.after(GRACE_MS);
    return;
  }
  this.isLate = false;
  if (isSilent) {
    this.isUp = false;
    this.listener.lost();
  }
  this.call();
  this.after(TICK_MS);
};

Connection.prototype.after = function (ms) {
  var self = this;
  this.host.scheduleTask(function () { self.tick(); }, ms);
};

Connection.prototype.call = function () {
  if (this.isUp) {
    this.unanswered += 1;
    this.pings += 1;
    this.send('/rg/ping', [this.pings]);
  } else {
    this.hello();
  }
};

Connection.prototype.hello = function () {
  this.send('/rg/hello', [CLIENT_NAME, this.receivePort, FEEDBACK_MASK]);
};

Connection.prototype.close = function () {
  this.isClosed = true;
};

// --- messages --------------------------------------------------------------------------------------

Connection.prototype.receive = function (message) {
  var address = message.getAddressPattern();
  if (address === '/rg/pong') {
    this.unanswered = 0;
  } else if (address === '/rg/startup') {
    this.hello();
  } else {
    this.listener.receive(address, message);
  }
  if (address === '/rg/hello') {
    this.unanswered = 0;
    this.isUp = true;
    this.listener.connected();
  }
};

// JavaScript's numbers leave as Integer where they are whole and as Double where not; the engine takes
// either for `i` and `f`. No apply(): a Java method with variable arguments has none.
Connection.prototype.send = function (address, args) {
  var a = args || [];
  try {
    if (a.length === 0) {
      this.out.sendMessage(address);
    } else if (a.length === 1) {
      this.out.sendMessage(address, a[0]);
    } else if (a.length === 2) {
      this.out.sendMessage(address, a[0], a[1]);
    } else {
      this.out.sendMessage(address, a[0], a[1], a[2]);
    }
  } catch (error) {
    if (this.isUp) { // while nobody listens, every hello fails
      this.host.errorln('ResonantGen: ' + address + ' could not be sent (' + error + ')');
    }
  }
};

// An asynchronous command: a request id goes behind the arguments.
Connection.prototype.ask = function (address, args) {
  this.requests += 1;
  this.send(address, args.concat([this.requests]));
};
