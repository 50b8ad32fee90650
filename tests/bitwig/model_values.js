'use strict';

// Values and settings of the model: read where that was asked for, changed some time after they are set.

class Value {
  constructor(model, initial) {
    this.model = model;
    this.seen = initial;
    this.isInteresting = false;
    this.observers = [];
  }

  markInterested() {
    this.model.mustBeInit('markInterested');
    this.isInteresting = true;
  }

  addValueObserver(callback) {
    this.model.mustBeInit('addValueObserver');
    this.isInteresting = true;
    this.observers.push(callback);
    this.model.later(() => callback(this.seen));
  }

  get() {
    if (!this.isInteresting) {
      throw new Error('This value was not marked as interesting: call markInterested() in init()');
    }
    return this.seen;
  }

  set(value) {
    this.model.later(() => this.change(value));
  }

  change(value) {
    if (value !== this.seen) {
      this.seen = value;
      this.observers.forEach((observer) => observer(value));
    }
  }
}

// get() is 0..1 of its range, getRaw() what a musician reads.
class RangedValue extends Value {
  constructor(model, initial, low, high) {
    super(model, initial);
    this.low = low;
    this.high = high;
  }

  get() {
    return (super.get() - this.low) / (this.high - this.low);
  }

  getRaw() {
    return super.get();
  }

  set(value) {
    this.setRaw(this.low + value * (this.high - this.low));
  }

  setRaw(value) {
    super.set(Math.min(this.high, Math.max(this.low, value)));
  }
}

class ReadOnly extends Value {
  set() {
    throw new TypeError('this value cannot be set');
  }
}

class Signal {
  constructor(model) {
    this.model = model;
    this.callbacks = [];
  }

  addSignalObserver(callback) {
    this.model.mustBeInit('addSignalObserver');
    this.callbacks.push(callback);
  }
}

class Settings {
  constructor(model) {
    this.model = model;
    this.byLabel = new Map();
  }

  add(label, category, setting) {
    this.model.mustBeInit(label);
    if (this.byLabel.has(label) || !category) {
      throw new Error(`setting ${label} of ${category} is there already`);
    }
    this.byLabel.set(label, setting);
    return setting;
  }

  getStringSetting(label, category, numChars, initial) {
    return this.add(label, category, new Value(this.model, this.kept(label, initial).slice(0, numChars)));
  }

  getBooleanSetting(label, category, initial) {
    return this.add(label, category, new Value(this.model, this.kept(label, initial)));
  }

  getEnumSetting(label, category, options, initial) {
    if (!options.includes(initial)) {
      throw new Error(`${initial} is no option of ${label}`);
    }
    return this.add(label, category, new Value(this.model, this.kept(label, initial)));
  }

  getNumberSetting(label, category, low, high, step, unit, initial) {
    return this.add(label, category, new RangedValue(this.model, this.kept(label, initial), low, high));
  }

  getSignalSetting(label, category, action) {
    if (!action) {
      throw new Error('a signal needs an action');
    }
    return this.add(label, category, new Signal(this.model));
  }

  // What the musician chose before this run.
  kept(label, initial) {
    return label in this.model.kept ? this.model.kept[label] : initial;
  }
}

module.exports = {RangedValue, ReadOnly, Settings, Value};
