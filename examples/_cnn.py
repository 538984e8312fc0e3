"""The network of ``cnn_cost_constraints.py``, and what is measured of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from _torch import Images


N_FOLDS = 3


@dataclass(frozen=True)
class Scale:
    """One size of the problem."""

    n_images: int
    n_epochs: int


@dataclass(frozen=True)
class Config:
    """What is tuned."""

    learning_rate: float
    momentum: float
    dropout: float
    batch_size: int
    channels: int = 8


def build(config: Config) -> nn.Sequential:
    """Two convolutions with pooling, dropout, and one dense layer."""
    channels = config.channels
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(config.dropout),
        nn.Flatten(),
        nn.Linear(2 * channels * 7 * 7, 10),
    )


def n_parameters(network: nn.Module) -> int:
    """Number of trained numbers."""
    return sum(p.numel() for p in network.parameters())


def memory_of(config: Config) -> float:
    """Memory in MiB that training takes: parameters, gradients, momenta, and a batch's maps."""
    network, maps = build(config), torch.zeros(1, 1, 28, 28)
    n_values = 0
    for layer in network:
        maps = layer(maps)
        n_values += maps.numel()
    return 4 * (3 * n_parameters(network) + config.batch_size * n_values) / 2**20


@dataclass(frozen=True)
class Lab:
    """Trains networks at one scale.

    Attributes:
        scale: How many images and epochs.
        train: Images to train on, and for cross-validation.
        valid: Images that judge.
        seed: Of weights and order.
    """

    scale: Scale
    train: Images
    valid: Images
    seed: int

    def error(self, config: Config) -> float:
        """Share of the validation images that is classified wrongly."""
        X, y = (part[: self.scale.n_images] for part in self.train)
        return self._error((X, y), self.valid, config)

    def error_of_folds(self, config: Config) -> float:
        """Mean error over the folds, each judged by a network that was trained on the others."""
        X, y = (part[: self.scale.n_images] for part in self.train)
        fold = torch.arange(len(X)) % N_FOLDS
        parts = [
            ((X[fold != k], y[fold != k]), (X[fold == k], y[fold == k])) for k in range(N_FOLDS)
        ]
        return sum(self._error(train, valid, config) for train, valid in parts) / N_FOLDS

    def _error(self, train: Images, valid: Images, config: Config) -> float:
        torch.manual_seed(self.seed)
        network = build(config).to(train[0].device)
        optimizer = torch.optim.SGD(
            network.parameters(), lr=config.learning_rate, momentum=config.momentum
        )
        for _ in range(self.scale.n_epochs):
            for rows in torch.randperm(len(train[0])).split(config.batch_size):
                optimizer.zero_grad()
                functional.cross_entropy(network(train[0][rows]), train[1][rows]).backward()
                optimizer.step()
        network.eval()
        with torch.no_grad():
            return float((network(valid[0]).argmax(dim=1) != valid[1]).float().mean())
