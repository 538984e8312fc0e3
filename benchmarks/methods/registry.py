"""All methods by name, in the order of the tables."""

from __future__ import annotations

from benchmarks.methods import add_trials
from benchmarks.methods import ax_transfer
from benchmarks.methods import baybe_task
from benchmarks.methods import best_k
from benchmarks.methods import botorch_mtgp
from benchmarks.methods import cmaes_source
from benchmarks.methods import gp
from benchmarks.methods import gp_center
from benchmarks.methods import gp_enqueue3
from benchmarks.methods import openbox_rgpe
from benchmarks.methods import random_search
from benchmarks.methods import scaleup
from benchmarks.methods import smac_tell
from benchmarks.methods import syne_quantile
from benchmarks.methods import tpe
from benchmarks.methods import tpe_enqueue3
from benchmarks.methods import vizier_priors
from benchmarks.methods.method import Method


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        scaleup.METHOD,
        scaleup.METHOD_COLD,
        gp.METHOD,
        gp_enqueue3.METHOD,
        tpe_enqueue3.METHOD,
        best_k.METHOD,
        random_search.METHOD,
        cmaes_source.METHOD,
        gp_center.METHOD,
        add_trials.METHOD,
        tpe.METHOD,
        ax_transfer.METHOD,
        botorch_mtgp.METHOD,
        baybe_task.METHOD,
        openbox_rgpe.METHOD,
        vizier_priors.METHOD,
        syne_quantile.METHOD,
        smac_tell.METHOD,
    )
}
