"""Published laws of how the best hyperparameters move with size, to be used as priors.

Published exponents disagree, even in sign: each is a belief with an error, never a rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    # parameters of a study
    "learning rate": (
        *("lr", "learning_rate", "learningrate", "init_lr", "lr_init", "learning_rate_init"),
        *("max_lr", "peak_lr", "base_lr"),
    ),
    "batch size": ("bs", "batch", "batch_size", "batchsize", "global_batch_size"),
    # sizes of a study
    "parameters": ("params", "n_params", "num_params", "parameters", "n_parameters", "n"),
    "tokens": ("tokens", "n_tokens", "num_tokens", "d"),
    "compute": ("compute", "flops", "c"),
    "width": ("width", "d_model", "hidden_size", "hidden_dim", "n_embd"),
}
"""What names stand for, whatever their case; of a dotted name the last part counts."""


@dataclass(frozen=True)
class Preset:
    """A published law.

    Attributes:
        paper: Where it stands.
        exponents: By role of a parameter and role of a size.
    """

    paper: str
    exponents: Mapping[str, Mapping[str, float]]


CONSENSUS: Final = "consensus"
"""What holds unless the user says otherwise."""

PRESETS: Final[Mapping[str, Preset]] = {
    # Round figures between what these papers say, chosen before any benchmark ran with them: the
    # learning rate falls with parameters and, by most, with tokens; the batch size grows with
    # tokens and little with parameters. Parameters grow with the square of the width; whoever uses
    # the maximal update parametrisation says "mup". Step Law is left out: its runs are a benchmark
    # here.
    CONSENSUS: Preset(
        paper="between arXiv:2401.02954, arXiv:2409.19913 and arXiv:2410.21676",
        exponents={
            "learning rate": {
                "parameters": -0.25,
                "width": -0.5,
                "tokens": -0.1,
                "compute": -0.15,
            },
            "batch size": {"parameters": 0.1, "width": 0.2, "tokens": 0.4, "compute": 0.3},
        },
    ),
    "steplaw": Preset(
        paper="Li et al., Predictable Scale: Part I, Step Law, arXiv:2503.04715",
        exponents={
            "learning rate": {"parameters": -0.713, "tokens": 0.307},
            "batch size": {"parameters": 0.0, "tokens": 0.571},
        },
    ),
    "deepseek": Preset(
        paper="Bi et al., DeepSeek LLM, arXiv:2401.02954",
        # Compute is proportional to parameters times tokens.
        exponents={
            "learning rate": {"compute": -0.1250, "parameters": -0.1250, "tokens": -0.1250},
            "batch size": {"compute": 0.3271, "parameters": 0.3271, "tokens": 0.3271},
        },
    ),
    "mup": Preset(
        paper="Yang et al., Tensor Programs V, arXiv:2203.03466",
        # Holds for models in the maximal update parametrisation: the optimum stays.
        exponents={"learning rate": {"width": 0.0}},
    ),
}


def has_role(name: str, role: str, is_sure: bool = False) -> bool:
    """Whether a parameter or a size of that name is what a law speaks of.

    Args:
        name: Of the parameter or the size.
        role: See :data:`ROLES`.
        is_sure: Whether a single letter does not count, which may mean anything.
    """
    last = name.replace("/", ".").rpartition(".")[2]
    word = last.lower().replace("-", "_").replace(" ", "_")
    return word in ROLES[role] and not (is_sure and len(word) == 1)
