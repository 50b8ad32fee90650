"""A look that was interrupted is not the one that counts."""

import pytest

from bridge.clock.moments import UNDISTURBED_S, look


class Machine:
    """Each look takes as long as it is told."""

    def __init__(self, *took_s):
        self.took_s, self.now_s, self.looks = list(took_s), 10.0, 0

    def now(self):
        return self.now_s

    def see(self):
        self.now_s += self.took_s[self.looks]
        self.looks += 1
        return self.looks


def test_a_look_that_nobody_interrupts_is_enough():
    machine = Machine(0.0001)
    assert look(machine.see, machine.now) == (pytest.approx(10.00005), 1)


def test_of_interrupted_looks_the_quickest_counts_with_the_middle_of_its_time():
    machine = Machine(0.05, 0.01, 0.03)
    at_s, seen = look(machine.see, machine.now)
    assert (at_s, seen) == (pytest.approx(10.05 + 0.005), 2)


def test_after_an_interrupted_look_an_undisturbed_one_ends_it():
    machine = Machine(0.05, UNDISTURBED_S / 2, 1.0)
    assert look(machine.see, machine.now)[1] == 2 == machine.looks
