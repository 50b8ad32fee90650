"""Codecs that everybody has, on the stems that ours is measured on."""

import numpy as np
import pytest

from engine.errors import EngineError
from engine.evaluation.codec.card import card_of
from engine.evaluation.codec.others import LATER, OTHERS, Other, evaluate_others
from engine.evaluation.codec.run import evaluate_codec
from tests.engine.test_evaluate_codec import RATE, beats, debug_codec, tone


def test_what_everybody_has_is_measured_on_the_same_stems_and_stands_on_the_card():
    short = [("bass", tone()[: 2 * RATE]), ("drums", beats()[: 2 * RATE]), ("drums", 0 * beats())]
    found = {result.codec: result for result in evaluate_others(short, quick=True)}
    assert list(found) == [*(other.name for other in OTHERS), LATER]
    assert all(result.roles[:2] == ("bass", "drums") for result in found.values())
    assert all(result.stems("drums") == 1 for result in found.values()), "the silent one is passed over"
    smallest, threefold = (found[other.name] for other in OTHERS[:2])
    kilobits = [each.values("")["size.kilobits"] for each in (smallest, threefold)]
    assert 6 < kilobits[0] < 20 < kilobits[1] < 60
    assert threefold.values("bass")["si_sdr"] > smallest.values("bass")["si_sdr"] > 0
    assert found[LATER].values("drums")["onset.f1"] == 1.0 and "size.kilobits" not in found[LATER].values("")
    result = evaluate_codec(debug_codec(), short, quick=True)
    card = card_of(result, list(found.values()))
    assert "### Beside codecs that everybody has" in card and all(f"| {name} |" in card for name in found)


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.name)
def test_what_everybody_has_comes_back_when_it_was_given(other):
    original = beats().mean(axis=1)
    back = other.round_trip(beats())[0].mean(axis=1)
    lags = range(-1500, 1501)
    alike = [float(np.dot(original[2000:-2000], back[2000 + lag : len(back) - 2000 + lag])) for lag in lags]
    assert abs(lags[int(np.argmax(alike))]) <= 3


def test_a_format_that_this_machine_cannot_write_is_told():
    with pytest.raises(EngineError) as caught:
        Other("Nothing", "OGG", "PCM_16", 0.5).round_trip(beats())
    assert caught.value.code == "not_available" and "Nothing" in str(caught.value)
