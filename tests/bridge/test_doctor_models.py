"""The doctor says who performs and why, and what loading the models costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.doctor_findings import OK, WARN
from bridge.doctor_models import check_models, loaded_models
from engine.config import Config


def with_models(render, folder=""):
    config = Config()
    return replace(
        config,
        engine=replace(config.engine, render=render),
        folders=replace(config.folders, models=str(folder)),
    )


def test_instruments_need_no_reason_but_the_setting():
    (finding,) = check_models(with_models("instruments"))
    assert finding.status == OK
    assert finding.found == "drums, bass, harmony, melody: instruments (render = instruments)"


def test_a_model_that_is_demanded_and_cannot_be_read_is_told(tmp_path):
    (tmp_path / "track_bass.safetensors").write_bytes(b"no model at all")
    findings = check_models(with_models("model", tmp_path))
    bass = next(finding for finding in findings if finding.found.startswith("bass:"))
    assert bass.status == WARN and "truncated or no safetensors file" in bass.found and bass.how


def test_models_are_loaded_and_measured_when_they_would_perform(tmp_path):
    pytest.importorskip("torch", reason="missing: torch; pip install 'resonantgen[models]'")
    from tests.engine.debug_models import save_debug_models

    folder = save_debug_models(tmp_path, ["drums"])
    findings = loaded_models(with_models("model", folder))
    assert findings[0].found.startswith("drums: ") and " s, +" in findings[0].found
    assert loaded_models(with_models("instruments", folder))[0].found.startswith("nothing to load")
