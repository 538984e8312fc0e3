"""The text and the network of ``tiny_gpt.py``: a character-level GPT."""

# mypy: disallow-subclassing-any=False
# PyTorch's types are not read.

from __future__ import annotations

from dataclasses import dataclass
from pydoc_data.topics import topics

import torch
from torch import nn
from torch.nn import functional


Split = tuple[torch.Tensor, torch.Tensor]  # characters to train on and to validate on, as numbers


@dataclass(frozen=True)
class Scale:
    """One size of the problem."""

    width: int
    n_layers: int
    context: int  # characters that the network sees at once
    n_tokens: int  # characters to train on, in all
    n_valid: int = 64  # windows of ``context`` characters


def read_text() -> str:
    """Python's language reference, as ``help()`` knows it."""
    return "\n".join(topics[name] for name in sorted(topics))


def encode(text: str) -> tuple[Split, int]:
    """The text as numbers, the last tenth set apart for validation; and how many there are."""
    number = {character: i for i, character in enumerate(sorted(set(text)))}
    numbers = torch.tensor([number[character] for character in text])
    n_train = len(numbers) * 9 // 10
    return (numbers[:n_train], numbers[n_train:]), len(number)


def windows(numbers: torch.Tensor, starts: torch.Tensor, context: int) -> Split:
    """Characters from each start on, and those that follow each of them: both ``(n, context)``."""
    rows = starts[:, None] + torch.arange(context + 1, device=starts.device)
    return numbers[rows[:, :-1]], numbers[rows[:, 1:]]


class Block(nn.Module):
    """Causal self-attention and a two-layer network, each with a residual connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.n_heads = max(1, width // 16)
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.to_qkv = nn.Linear(width, 3 * width)
        self.from_heads = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (n, context, width), both ways
        heads = self.to_qkv(self.norms[0](x)).unflatten(-1, (3, self.n_heads, -1))
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.from_heads(mixed.transpose(1, 2).flatten(-2))
        return x + self.mlp(self.norms[1](x))


class GPT(nn.Module):
    """Embeddings of characters and positions, blocks, and a score for each next character."""

    def __init__(self, scale: Scale, n_characters: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(n_characters, scale.width)
        self.positions = nn.Embedding(scale.context, scale.width)
        self.blocks = nn.Sequential(*(Block(scale.width) for _ in range(scale.n_layers)))
        self.norm = nn.LayerNorm(scale.width)
        self.head = nn.Linear(scale.width, n_characters)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (n, context) → (n, context, characters)
        embedded = self.characters(x) + self.positions.weight[: x.shape[1]]
        return self.head(self.norm(self.blocks(embedded)))


def loss_of(network: nn.Module, batch: Split) -> torch.Tensor:
    """Mean cross-entropy of the next character, in nats."""
    return functional.cross_entropy(network(batch[0]).flatten(0, 1), batch[1].flatten())
