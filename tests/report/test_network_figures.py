"""Pictures of networks: blocks to scale, shares that add up, every device once."""

from __future__ import annotations

import math

import pytest

from nas.cost.catalog import find_model
from nas.graph.lower import lower
from nas.graph.network import Precision
from nas.report.cost import CostView, cost_view, costs_where_known
from nas.report.devices import draw_devices
from nas.report.layers import INPUT, layer_rows
from nas.report.network import draw_networks, network_view
from nas.space.catalog import find_network, reference_networks
from tests.report.studies import problem

NAMES = ("mobilenet_v2", "mobilenet_v3_large", "resnet50", "squeezenet_1_1")


def costed(name: str, device: str) -> CostView:
    return cost_view(lower(find_network(name)), find_model(device))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("device", ["jetson-tx2", "rpi5", "pixel-3"])
def test_shares_of_layers_add_up_to_everything(name: str, device: str) -> None:
    view = costed(name, device)
    rows = layer_rows(view)
    assert sum(row.latency_share for row in rows) == pytest.approx(1)
    assert sum(row.latency_ms for row in rows) == pytest.approx(view.estimate.latency_ms)
    assert sum(row.memory_bytes for row in rows) == view.estimate.peak_memory_bytes
    assert sum(row.memory_share for row in rows) == pytest.approx(1)
    if view.estimate.energy_mj is None:
        assert {row.energy_share for row in rows} == {None}
    else:
        assert sum(row.energy_share or 0 for row in rows) == pytest.approx(1)
    assert [row.name for row in rows if row.kind] == [
        str(part.kernel.signature) for part in view.estimate.breakdown
    ]
    assert sum(row.macs for row in rows) == view.network.macs


@pytest.mark.parametrize("name", sorted(reference_networks()))
def test_the_tensors_at_the_peak_are_the_peak(name: str) -> None:
    network = lower(find_network(name))
    held = sum(math.prod(network.tensors[one]) for one in network.tensors_at_peak)
    assert held == network.peak_activation_bytes(Precision.INT8)
    assert len(set(network.tensors_at_peak)) == len(network.tensors_at_peak)


def test_the_image_counts_where_it_is_alive_at_the_peak() -> None:
    view = costed("mobilenet_v2", "rpi5")
    alive = 0 in view.network.tensors_at_peak
    assert alive == any(row.name == INPUT for row in layer_rows(view))


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_has_every_block_in_proportion(name: str) -> None:
    architecture = find_network(name)
    view = network_view(architecture, lower(architecture))
    figure = draw_networks([view])
    bars = {
        index: (trace.width[place], trace.y[place], trace.x[place])
        for trace in figure.data
        for place, index in enumerate(trace.customdata)
    }
    assert sorted(bars) == [block.index for block in view.blocks]
    flat = [block for block in view.blocks if block.size > 1]
    for block in flat:
        width, height, _ = bars[block.index]
        assert width == block.channels and height == max(block.size, 4)
    ends = [(x - width / 2, x + width / 2) for width, _, x in (bars[i] for i in sorted(bars))]
    assert all(before[1] < after[0] for before, after in zip(ends, ends[1:], strict=False))
    assert sum(block.macs for block in view.blocks) == lower(architecture).macs
    sizes = [block.size for block in view.blocks]
    assert [b.stage for b in view.blocks] == sorted(b.stage for b in view.blocks)
    assert view.blocks[-1].stage == len(set(sizes))


def test_hovering_tells_what_a_block_costs() -> None:
    view = costed("mobilenet_v2", "jetson-tx2")
    architecture = find_network("mobilenet_v2")
    picture = network_view(architecture, view.network, "mine")
    figure = draw_networks([picture, picture], layers={architecture.id: layer_rows(view)})
    texts = [text for trace in figure.data for text in trace.hovertext]
    assert len(texts) == 2 * len(picture.blocks)
    assert all("of the latency" in text for text in texts)
    assert [note.text for note in figure.layout.annotations[:2]] == ["mine", "mine"]


def test_a_block_that_skips_has_no_room() -> None:
    asked = problem()
    architecture = asked.space.architecture(asked.space.sample(1, seed=3)[0])
    view = network_view(architecture, lower(architecture))
    assert [block.index for block in view.blocks] == list(range(len(architecture.blocks)))


def test_every_device_has_a_bar_with_its_interval() -> None:
    network = lower(find_network("mobilenet_v2"))
    models = [find_model(name) for name in ("zc706", "pixel-3", "rpi5")]
    views, _ = costs_where_known(network, models)
    figure = draw_devices({"a": views, "b": views}, own="pixel-3")
    bars = figure.data[0]
    assert list(bars.x) == [view.estimate.latency_ms for view in views]
    for view, up, down in zip(views, bars.error_x.array, bars.error_x.arrayminus, strict=True):
        low, high = view.estimate.latency_interval_ms
        assert (view.estimate.latency_ms - down, view.estimate.latency_ms + up) == (
            pytest.approx(low),
            pytest.approx(high),
        )
    order = list(figure.layout.yaxis.categoryarray)
    assert order == [view.model.stored.model.key.device for view in views]
    assert "<b>pixel-3</b>" in figure.layout.yaxis.ticktext
    energies = draw_devices({"a": views}, quantity="energy_mj").data[0]
    known = [view for view in views if view.estimate.energy_mj is not None]
    assert list(energies.x) == [view.estimate.energy_mj for view in known]
