"""The benchmarks that anyone can run still can be run: they go by names of the package's own."""

from __future__ import annotations

import pytest

from benchmarks import pipeline


async def test_each_step_of_the_pipeline_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table has a row for each step that a call of APIv3 passes."""
    monkeypatch.setattr(pipeline, "ROUNDS", 1)
    monkeypatch.setattr(pipeline, "CALLS", 1)
    monkeypatch.setattr(pipeline, "save", lambda *_: None)
    await pipeline.main()
    told = capsys.readouterr().out
    for step in ("Seal", "Encode", "Retry", "RateLimit", "Verify", "Sign", "whole call"):
        assert step in told
