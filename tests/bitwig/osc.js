'use strict';

// OSC 1.0 messages as bytes. Numbers are typed as Bitwig's sendMessage types what JavaScript gives it:
// whole ones as Integer, others as Double.

function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(4 - (bytes.length % 4))]);
}

function encodeArgument(value) {
  if (typeof value === 'string') {
    return ['s', padded(Buffer.from(value, 'utf8'))];
  }
  if (typeof value === 'boolean') {
    return [value ? 'T' : 'F', Buffer.alloc(0)];
  }
  if (typeof value !== 'number') {
    throw new TypeError(`OscInvalidArgumentTypeException: ${value}`);
  }
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return ['i', bytes];
  }
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return ['d', bytes];
}

function encode(address, args) {
  const parts = args.map(encodeArgument);
  const tags = ',' + parts.map(([tag]) => tag).join('');
  return Buffer.concat([
    padded(Buffer.from(address)), padded(Buffer.from(tags)), ...parts.map(([, bytes]) => bytes),
  ]);
}

function readString(data, at) {
  const end = data.indexOf(0, at);
  return [data.toString('utf8', at, end), at + 4 * Math.floor((end - at) / 4 + 1)];
}

// {address, tags, args}: `args` as the tags have them.
function decode(data) {
  let [address, at] = readString(data, 0);
  let tags;
  [tags, at] = readString(data, at);
  const args = [...tags.slice(1)].map((tag) => {
    let value;
    if (tag === 's') {
      [value, at] = readString(data, at);
    } else {
      const read = {i: 'readInt32BE', f: 'readFloatBE', d: 'readDoubleBE'}[tag];
      value = data[read](at);
      at += tag === 'd' ? 8 : 4;
    }
    return value;
  });
  return {address, tags: tags.slice(1), args};
}

module.exports = {encode, decode};
