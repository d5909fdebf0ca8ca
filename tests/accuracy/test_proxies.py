"""Proxies against hand calculations on networks so small that they can be done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nas.accuracy.judges import Proxy
from nas.accuracy.proxies import SCORES, ProxyEvaluator, score
from nas.accuracy.sandwich import extremes
from nas.graph.lower import lower
from nas.networks.build import build
from nas.space.architecture import parse
from tests.accuracy.small_supernet import PICTURES, SPACE, SPLITS

SMALLEST, LARGEST = (SPACE.architecture(code) for code in extremes(SPACE))


def batch(channels: int = 3, side: int = 16, count: int = 8) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(count, channels, side, side, generator=generator)
    return images, torch.arange(count) % 3


def test_every_proxy_has_a_function() -> None:
    assert set(SCORES) == set(Proxy)


@pytest.mark.parametrize("proxy", Proxy)
def test_the_largest_network_is_worth_more_than_the_smallest(proxy: Proxy) -> None:
    worth = [
        score(network, *batch(side=network.image.height), seed=0, proxies=[proxy])[proxy]
        for network in (SMALLEST, LARGEST)
    ]
    assert -np.inf < worth[0] < worth[1] < np.inf


def test_a_seed_decides_all() -> None:
    first, again, other = (score(LARGEST, *batch(), seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_naswot_is_the_log_determinant_of_agreements() -> None:
    network = parse("image 2x3x3 | conv k1 c3 relu | pool | fc c3")
    images, labels = batch(2, 3, 4)
    built = build(network, seed=5)
    with torch.no_grad():
        on = (built.blocks[0].norm(built.blocks[0].conv(images)) > 0).flatten(1)
    agreements = np.array([[int((a == b).sum()) for b in on] for a in on])
    expected = np.linalg.slogdet(agreements)[1]
    found = score(network, images, labels, seed=5, proxies=[Proxy.NASWOT])[Proxy.NASWOT]
    assert found == pytest.approx(expected, rel=1e-6)


def test_synflow_of_a_chain_counts_every_path_once_a_layer() -> None:
    network = parse("image 2x1x1 | fc c4 relu nobias | fc c3 nobias")
    first, second = (weight.detach().abs() for weight in build(network, seed=5).parameters())
    paths = float((second @ first).sum())
    found = score(network, *batch(2, 1), seed=5, proxies=[Proxy.SYNFLOW])[Proxy.SYNFLOW]
    assert found == pytest.approx(np.log(2 * paths), rel=1e-6)


def test_gradient_norm_of_one_layer() -> None:
    network = parse("image 5x1x1 | fc c3 nobias")
    images, labels = batch(5, 1)
    (weight,) = build(network, seed=5).parameters()
    x = images.flatten(1)
    wrong = (x @ weight.detach().T).softmax(1) - functional.one_hot(labels, 3)
    expected = float((wrong.T @ x / len(x)).norm())
    found = score(network, images, labels, seed=5, proxies=[Proxy.GRADIENT_NORM])
    assert found[Proxy.GRADIENT_NORM] == pytest.approx(expected, rel=1e-5)


def test_jacobians_of_a_linear_network_are_all_the_same() -> None:
    linear = parse("image 3x16x16 | conv k3 c8 bias | pool | fc c3")
    relu = parse("image 3x16x16 | conv k3 c8 relu bias | pool | fc c3")
    proxy = Proxy.JACOBIAN_COVARIANCE
    worth = [score(net, *batch(), seed=0, proxies=[proxy])[proxy] for net in (linear, relu)]
    # One eigenvalue is the number of images, the others are nothing.
    assert worth[0] == pytest.approx(-(7 * (np.log(1e-5) + 1e5) + np.log(8) + 1 / 8), rel=1e-3)
    assert worth[1] > worth[0]


def test_zen_of_a_convolution_is_how_far_it_moves_its_output() -> None:
    network = parse("image 2x16x16 | conv k1 c3 bias | pool | fc c3")
    found = score(network, *batch(2, 16, 32), seed=7, proxies=[Proxy.ZEN])[Proxy.ZEN]
    generator = torch.Generator().manual_seed(7)
    weight = torch.empty(3, 2, 1, 1).normal_(generator=generator).flatten(1)
    # The mean of |Σ wᵢ eᵢ| over standard normal eᵢ is √(2/π) times the length of w.
    moved = 0.01 * weight.norm(dim=1).mean() * np.sqrt(2 / np.pi)
    assert found == pytest.approx(float(moved.log()), abs=0.03)


def test_counts_are_those_of_the_lowered_network() -> None:
    found = score(LARGEST, *batch(), seed=0, proxies=(Proxy.MACS, Proxy.PARAMETERS, Proxy.DEPTH))
    network = lower(LARGEST)
    assert found[Proxy.MACS] == network.macs and found[Proxy.PARAMETERS] == network.parameters
    assert found[Proxy.DEPTH] == 1 + 2 * 5 + 1  # stem, two blocks of three and two of SE, fc


def test_an_evaluator_shows_the_same_pictures_to_every_network() -> None:
    evaluator = ProxyEvaluator(Proxy.NASWOT, PICTURES, SPLITS)
    found = []
    for network in (LARGEST, SMALLEST, LARGEST):
        (report,) = evaluator.evaluate(network, seed=0, folder=Path("unused"))
        assert report.share == 1
        found.append(report.accuracy)
    assert found[0] == found[2] > found[1]
    assert evaluator.provenance["evaluator"] == "naswot"
