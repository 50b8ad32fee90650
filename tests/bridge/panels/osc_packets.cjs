// OSC messages as bytes: i, f and s, which is all that the contract has.
"use strict"

const padded = (text) => {
    const bytes = Buffer.from(text + "\0")
    return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

function argument(tag, value) {
    if (tag === "s") return padded(String(value))
    const bytes = Buffer.alloc(4)
    if (tag === "i") bytes.writeInt32BE(parseInt(value))
    else bytes.writeFloatBE(parseFloat(value))
    return bytes
}

// `typed`: [[tag, value], …]
function encoded(address, typed) {
    const tags = padded("," + typed.map(([tag]) => tag).join(""))
    return Buffer.concat([padded(address), tags, ...typed.map(([tag, value]) => argument(tag, value))])
}

function decoded(bytes) {
    let at = 0
    const text = () => {
        const end = bytes.indexOf(0, at)
        const found = bytes.toString("utf8", at, end)
        at = end + 4 - (end % 4)
        return found
    }
    const address = text()
    const args = [...text().slice(1)].map((tag) => {
        if (tag === "s") return text()
        at += 4
        return tag === "i" ? bytes.readInt32BE(at - 4) : bytes.readFloatBE(at - 4)
    })
    return {address, args}
}

module.exports = {encoded, decoded}
