'use strict';

// Bitwig's OSC module over real UDP sockets; a getter of another type than the argument's throws.

const dgram = require('node:dgram');
const osc = require('./osc.js');

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
    if (/\s/.test(host)) {
      throw new Error(`java.net.UnknownHostException: ${host}`);
    }
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

module.exports = {OscModule};
