"""A network + names of devices → what it costs there: what page and API both ask."""

from __future__ import annotations

from collections.abc import Sequence

from nas.cost.catalog import find_model
from nas.graph.network import Network
from nas.report.cost import CostView, cost_view, costs_where_known
from nas.service.device_views import device_views


def network_costs(
    network: Network, devices: Sequence[str] | None
) -> tuple[list[CostView], list[str]]:
    """What a network costs on devices, and the models that have no basis for it.

    Args:
        network: The network.
        devices: Names; None for all devices, the fastest first, by the models that their names
            stand for.

    Raises:
        UnknownNameError: for an unknown device.
        UncalibratedKernelError: if a named device has no basis for one of the kernels.
    """
    if devices is not None:
        return [cost_view(network, find_model(name)) for name in devices], []
    chosen = [view.chosen.stored for view in device_views() if view.chosen is not None]
    return costs_where_known(network, chosen)
