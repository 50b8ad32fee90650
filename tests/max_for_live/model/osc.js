"use strict";
// OSC 1.0 as Max's udpsend writes it and udpreceive reads it: integers are i, other numbers f, symbols s. A double
// arrives as 0, and a packet whose size is not a multiple of four does not arrive.

function padded(text) {
    const bytes = Buffer.from(text, "utf8");
    return Buffer.concat([bytes, Buffer.alloc(4 - bytes.length % 4)]);
}

function number_bytes(value) {
    const bytes = Buffer.alloc(4);
    if (Number.isInteger(value)) {
        bytes.writeInt32BE(value);
    } else {
        bytes.writeFloatBE(value);
    }
    return bytes;
}

function encode(atoms) {
    const [address, ...args] = atoms;
    const tags = args.map((arg) => typeof arg === "string" ? "s" : Number.isInteger(arg) ? "i" : "f").join("");
    const data = args.map((arg) => typeof arg === "string" ? padded(arg) : number_bytes(arg));
    return Buffer.concat([padded(address), padded("," + tags), ...data]);
}

function text_at(data, at) {
    const end = data.indexOf(0, at);
    return {text: data.toString("utf8", at, end), next: end + 4 - end % 4};
}

// Every message of a packet, as atoms.
function decode(data) {
    if (data.length % 4 !== 0) {
        return [];
    }
    if (data.toString("latin1", 0, 8) === "#bundle\0") {
        return decode_bundle(data);
    }
    let {text: address, next: at} = text_at(data, 0);
    const {text: tags, next} = text_at(data, at);
    at = next;
    const atoms = [address];
    for (const tag of tags.slice(1)) {
        if (tag === "s") {
            const found = text_at(data, at);
            atoms.push(found.text);
            at = found.next;
        } else {
            atoms.push(tag === "i" ? data.readInt32BE(at) : tag === "f" ? data.readFloatBE(at) : 0);
            at += tag === "d" || tag === "h" ? 8 : 4;
        }
    }
    return [atoms];
}

function decode_bundle(data) {
    const messages = [];
    for (let at = 16; at < data.length;) {
        const size = data.readInt32BE(at);
        messages.push(...decode(data.subarray(at + 4, at + 4 + size)));
        at += 4 + size;
    }
    return messages;
}

module.exports = {encode, decode};
