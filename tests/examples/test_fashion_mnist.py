"""The networks of the Fashion-MNIST example have the sizes they claim, or a reason why not."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import struct
from pathlib import Path

import numpy as np
import optuna
import pytest


pytest.importorskip("torch", reason="needs torch")
if importlib.util.find_spec("torchvision") is None:
    pytest.skip("needs torchvision", allow_module_level=True)

import torch

import _torch
import fashion_mnist as example


@pytest.mark.parametrize("build", [example.small_network, example.large_network])
def test_every_configuration_of_the_space_can_be_built(build: example.Build) -> None:
    images = torch.zeros(2, 1, 28, 28)
    for kernel, pool in itertools.product((1, 2, 9, 10), (1, 2, 3)):
        assert build(kernel, pool, 0.5).eval()(images).shape == (2, 10)


def test_torch_refuses_what_cannot_be_built() -> None:
    for side, kernel, pool in itertools.product((3, 4, 5, 6), (1, 3, 4, 5, 8, 9), (1, 2, 3)):
        layer = torch.nn.Sequential(
            torch.nn.Conv2d(1, 1, kernel, padding=1), torch.nn.MaxPool2d(pool, stride=2)
        )
        try:
            expected = layer(torch.zeros(1, 1, side, side)).shape[-1]
        except RuntimeError:
            with pytest.raises(example.CannotBuild):
                example.side_after(side, kernel=kernel, pool=pool, stride=2)
        else:
            assert example.side_after(side, kernel=kernel, pool=pool, stride=2) == expected


def test_a_configuration_that_cannot_be_built_is_pruned_with_its_reason() -> None:
    def too_large(kernel: int, pool: int, dropout: float) -> torch.nn.Sequential:
        return example.large_network(kernel, pool, dropout, side=4)

    images = (torch.zeros(4, 1, 4, 4), torch.zeros(4, dtype=torch.long))
    objective = example.make_objective(
        example.Scale(too_large, n_epochs=1, n_valid=2), [images, images], torch.device("cpu"), 0
    )
    study = optuna.create_study()
    study.enqueue_trial({"dropout": 0.5, "learning_rate": 1e-3, "kernel_size": 9, "pool_size": 1})
    study.optimize(objective, n_trials=1)
    trial = study.trials[0]
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert trial.user_attrs["pruned_because"] == "kernel 9 is larger than a padded map of 6 pixels"


def test_a_network_that_diverged_counts_as_guessing() -> None:
    network = torch.nn.Linear(1, 10)
    torch.nn.init.constant_(network.weight, torch.nan)
    loss, _ = example.validate(network, torch.zeros(3, 1), torch.zeros(3, dtype=torch.long))
    assert loss == pytest.approx(np.log(10))


def write_idx(path: Path, values: np.ndarray) -> None:
    """Writes an array of bytes in the format of the MNIST files."""
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(head + values.astype(np.uint8).tobytes()))


def test_images_come_from_a_folder_without_network(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (5, 28, 28)), rng.integers(0, 10, 5)
    for part in ("train", "t10k"):
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", pixels)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", labels)
    train, test = _torch.fashion_mnist(tmp_path, tmp_path / "out", n_train=3, n_test=9)
    assert train[0].shape == (3, 1, 28, 28)
    assert test[0].shape == (5, 1, 28, 28)
    np.testing.assert_allclose(train[0][:, 0].numpy(), pixels[:3] / 255, atol=1e-7)
    np.testing.assert_array_equal(test[1].numpy(), labels)


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"--data .*train-images.*leave --data out"):
        _torch.fashion_mnist(tmp_path, tmp_path / "out", n_train=1, n_test=1)
