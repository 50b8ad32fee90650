"use strict";
// What udpsend and udpreceive are connected to: real sockets, or a list that the test reads and writes.

const dgram = require("dgram");
const osc = require("./osc");

// Real UDP on this machine. Sending and receiving are different sockets, as in Max.
class RealNetwork {
    constructor() {
        this.sockets = [];
        this.refused = []; // ports that could not be had
    }

    sender() {
        const socket = dgram.createSocket("udp4");
        this.sockets.push(socket);
        return {
            send: (host, port, atoms) => socket.send(osc.encode(atoms), port, host)
        };
    }

    receiver(heard) {
        let socket = null;
        return {
            listen: (port) => {
                if (socket) {
                    socket.close();
                    this.sockets = this.sockets.filter((one) => one !== socket);
                }
                socket = dgram.createSocket("udp4");
                socket.on("error", () => this.refused.push(port));
                socket.on("message", (data) => osc.decode(data).forEach(heard));
                socket.bind(port, "127.0.0.1");
                this.sockets.push(socket);
            }
        };
    }

    close() {
        this.sockets.forEach((socket) => {
            try {
                socket.close();
            } catch (error) {
                if (error.code !== "ERR_SOCKET_DGRAM_NOT_RUNNING") {
                    throw error;
                }
            }
        });
    }
}

// Every message that is sent is kept, after a trip through its bytes; `say` is heard by who listens at a port.
class PaperNetwork {
    constructor() {
        this.sent = [];
        this.listeners = new Map();
        this.answer = () => {}; // (atoms, port) of every message sent
    }

    sender() {
        return {
            send: (host, port, atoms) => {
                const [message] = osc.decode(osc.encode(atoms));
                this.sent.push(message);
                this.answer(message, port);
            }
        };
    }

    receiver(heard) {
        let mine = null;
        return {
            listen: (port) => {
                if (mine !== null) {
                    this.listeners.set(mine, this.listeners.get(mine).filter((one) => one !== heard));
                }
                mine = port;
                this.listeners.set(port, [...(this.listeners.get(port) || []), heard]);
            }
        };
    }

    say(port, ...atoms) {
        const [message] = osc.decode(osc.encode(atoms));
        (this.listeners.get(port) || []).forEach((heard) => heard(message));
    }

    close() {}
}

module.exports = {RealNetwork, PaperNetwork};
