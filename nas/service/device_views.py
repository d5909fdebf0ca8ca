"""Names of devices → their views, kept as long as no file of a model changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from nas.cost.catalog import canonical_device, modelled_devices
from nas.cost.profile import device_names
from nas.errors import UnknownNameError
from nas.report.device import DeviceView, device_view, matches
from nas.resources import folder, own_folder

_Stamp = tuple[tuple[str, int], ...]


def device_views(words: Sequence[str] = (), kind: str | None = None) -> list[DeviceView]:
    """The devices that have all the words somewhere in what names them, by name."""
    return [view for view in _views(_stamp()).values() if matches(view, words, kind)]


def known_device(name: str) -> DeviceView:
    """The view of a device by name or alias.

    Raises:
        UnknownNameError: if there is neither a profile nor a model of that name.
    """
    views = _views(_stamp())
    if name not in views and (found := canonical_device(name)) in views:
        return views[found]
    if name not in views:
        raise UnknownNameError("device", name, views)
    return views[name]


def _stamp() -> _Stamp:
    """What changes with every model that is written or removed."""
    folders = (own_folder("latency_models"), folder("latency_models"))
    files = sorted(file for models in folders for file in models.glob("*/*.json"))
    return tuple((str(file), file.stat().st_mtime_ns) for file in files)


@lru_cache(maxsize=1)
def _views(_: _Stamp) -> Mapping[str, DeviceView]:
    return {name: device_view(name) for name in sorted({*device_names(), *modelled_devices()})}
