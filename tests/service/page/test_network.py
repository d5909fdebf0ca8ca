"""The views of one network and of several: every layer, device and neighbour, told as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nas.cost.catalog import find_model
from nas.errors import UnknownNameError
from nas.report.cost import costs_where_known
from nas.report.layers import layer_rows
from nas.report.neighbours import neighbours_view
from nas.service.page import compare, network
from nas.service.page.network_parts import (
    ShownNetwork,
    device_table,
    layer_table,
    neighbour_table,
    numbers,
    on_devices,
)
from nas.service.page.parts import Parts
from tests.report.studies import problem, study, viewed

DEVICES = ("jetson-tx2", "pixel-3", "rpi5")


def said(component: Any) -> str:
    return str(component.to_plotly_json())


def picked(place: int = 1) -> ShownNetwork:
    return ShownNetwork.of(viewed(), str(place))


def costs(shown: ShownNetwork) -> list[Any]:
    return costs_where_known(shown.network, [find_model(name) for name in DEVICES])[0]


@pytest.fixture
def stored(parts: Parts) -> Parts:
    """A study of real networks with the costs of a Jetson TX2."""
    asked, evaluations = study(60)
    row = parts.store.create_study("s", spec=asked.spec, objectives=asked.objectives)
    parts.store.record(row.id, list(evaluations))
    return parts


def test_a_network_is_found_by_id_or_by_what_it_is_best_at() -> None:
    view = viewed()
    fastest = ShownNetwork.of(view, "fastest")
    assert fastest.point == min(view.front, key=lambda p: p.values["latency_ms"])
    assert ShownNetwork.of(view, view.dominated[3].id).point == view.dominated[3]
    with pytest.raises(UnknownNameError):
        ShownNetwork.of(view, "0" * 16)


def test_numbers_tell_objectives_sizes_and_standing() -> None:
    shown = picked()
    text = said(numbers(shown))
    assert f"{shown.point.values['accuracy']:.2f}" in text and "on the front" in text
    assert f"{shown.network.macs / 1e6:.2f}" in text
    beaten = ShownNetwork.of(viewed(), viewed().dominated[0].id)
    assert "dominated by others" in said(numbers(beaten))


def test_the_table_has_every_layer_and_its_shares() -> None:
    shown = picked()
    assert shown.cost is not None
    rows = layer_rows(shown.cost)
    text = said(layer_table(rows))
    assert all(row.name in text for row in rows)
    assert text.count("share-box") == 3 * len(rows), "latency, energy and memory"
    assert f"{rows[0].latency_share:.1%}" in text


def test_every_device_has_a_row_and_a_bar() -> None:
    shown, other = picked(1), picked(2)
    both = {"one": costs(shown), "other": costs(other)}
    text = said(device_table(both, both["one"]))
    for view in both["one"]:
        assert view.model.name in text
        assert f"/ui/devices/{view.model.stored.model.key.device}" in text
    assert "latency ms of one" in text and "latency ms of other" in text
    drawn = said(on_devices(both, quantity="energy_mj", theme="dark", own="rpi5"))
    assert "Energy on every device" in drawn and "<b>raspberry-pi-5</b>" not in drawn


def test_neighbours_say_what_a_change_gains_and_link_to_what_was_evaluated() -> None:
    shown = picked()
    near = neighbours_view(problem(), shown.architecture)
    known = near.neighbours[0].architecture.id
    text = said(neighbour_table(near, shown.view, {known}))
    assert f"{len(near.neighbours)} networks are one change away" in text
    assert text.count("/network/") == 1 and f"/ui/study/s/network/{known}" in text
    for one in near.neighbours:
        gain = one.values["accuracy"] - near.values["accuracy"]
        style = "better" if gain > 0 else "worse"
        sign = "+" if gain > 0 else "−"
        cell = f'{{"className":"{style}"}},["{sign}{abs(gain):.2f}"]'
        assert gain == 0 or cell in text


def test_the_view_shows_picture_numbers_text_and_exports(stored: Parts) -> None:
    point = stored.views.front("s").front[0]
    text = said(network.layout(stored, {"study": "s", "network": point.id, "theme": "dark"}))
    assert point.text in text and f"/api/v1/studies/s/networks/{point.id}/export" in text
    assert f"/api/v1/architectures/{point.id}?device=jetson-tx2" in text
    for place in ("network-devices", "network-neighbours", "scroll-box"):
        assert place in text
    with pytest.raises(UnknownNameError):
        network.layout(stored, {"study": "s", "network": "none"})


def test_without_a_model_of_the_device_the_network_is_still_shown() -> None:
    shown = ShownNetwork.of(replace(viewed(), device="gone"), "1")
    assert shown.cost is None and "accuracy" in said(numbers(shown))


def test_two_networks_stand_side_by_side(stored: Parts) -> None:
    first, second = stored.views.front("s").front[:2]
    asked = {"study": "s", "ids": f"{first.id},{second.id},{first.id}"}
    text = said(compare.layout(stored, asked))
    assert "2 networks" in text and "compare-devices" in text
    names = {n for n in first.choices if first.choices[n] != second.choices.get(n)}
    table = said(compare.choice_table([picked_of(stored, p.id) for p in (first, second)]))
    assert all(f"'{name}'" in table for name in names)
    same = set(first.choices) - names
    assert same and not any(f"'{name}'" in table for name in same)
    assert "Choose two or three" in said(compare.layout(stored, {"study": "s", "ids": first.id}))


def picked_of(parts: Parts, identity: str) -> ShownNetwork:
    return ShownNetwork.of(parts.views.front("s"), identity)


def test_what_is_best_stands_out_once() -> None:
    shown = [picked(1), picked(5)]
    text = said(compare.number_table(shown))
    best = max(one.point.values["accuracy"] for one in shown)
    assert f"'{best:.2f}', className='better'" in text
    equal = said(compare.number_table([shown[0], shown[0]]))
    assert "'better'" not in equal
    assert "the same" in said(compare.choice_table([shown[0], shown[0]]))
