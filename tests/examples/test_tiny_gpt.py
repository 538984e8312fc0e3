"""The GPT of the example sees the past only, and its text and schedule are what they claim."""

from __future__ import annotations

import numpy as np
import pytest


pytest.importorskip("torch", reason="needs torch")

import torch

import _gpt
import tiny_gpt


SCALE = _gpt.Scale(width=16, n_layers=2, context=8, n_tokens=0)


def test_no_character_depends_on_later_ones() -> None:
    torch.manual_seed(0)
    network = _gpt.GPT(SCALE, n_characters=5).eval()
    before = torch.randint(5, (3, 8))
    after = before.clone()
    after[:, 5:] = (before[:, 5:] + 1) % 5
    with torch.no_grad():
        scores, changed = network(before), network(after)
    assert scores.shape == (3, 8, 5)
    torch.testing.assert_close(scores[:, :5], changed[:, :5])
    assert (scores[:, 5:] - changed[:, 5:]).abs().min() > 0


def test_windows_are_text_and_the_same_text_one_character_on() -> None:
    x, y = _gpt.windows(torch.arange(100), torch.tensor([0, 91]), context=8)
    assert x.tolist() == [list(range(8)), list(range(91, 99))]
    assert y.tolist() == [list(range(1, 9)), list(range(92, 100))]


def test_the_text_of_every_installation_is_long_enough() -> None:
    text = _gpt.read_text()
    (train, valid), n_characters = _gpt.encode(text)
    assert len(train) + len(valid) == len(text) > 200_000
    assert int(train.max()) < n_characters < 200


@pytest.mark.parametrize("warm_up", [0.0, 0.2, 0.5])
def test_rate_rises_to_one_and_falls_to_zero(warm_up: float) -> None:
    rates = [tiny_gpt.rate_share(p, warm_up) for p in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(1.0)
    assert np.argmax(rates) == pytest.approx(100 * warm_up, abs=1)
    assert rates[-1] == 0.0
    assert min(rates[:-1]) > 0.0
