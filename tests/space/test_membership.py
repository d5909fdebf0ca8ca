"""Which networks are members of a space, and by which choices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.errors import ChoiceError
from nas.space.architecture import parse
from nas.space.catalog import find_network, find_space, space_names
from nas.space.membership import locate

SPACES = {name: find_space(name) for name in space_names()}


@given(st.sampled_from(sorted(SPACES)), st.integers(0, 2**31))
def test_every_network_of_a_space_is_found_in_it(name: str, seed: int) -> None:
    space = SPACES[name]
    network = space.architecture(space.sample(1, seed=seed)[0])
    code = locate(space, network)
    assert space.architecture(code) == network
    assert (space.canonical(code[None])[0] == code).all()


@pytest.mark.parametrize(
    ("space", "network"),
    [
        ("efficientnet", "efficientnet_b3"),
        ("proxylessnas", "proxylessnas_mobile"),
        ("fbnet", "fbnet_c"),
        ("mnasnet", "efficientnet_b0"),
        ("mobilenet_v2", "mobilenet_v2"),
    ],
)
def test_published_networks_are_found_in_their_spaces(space: str, network: str) -> None:
    found = locate(SPACES[space], find_network(network))
    assert SPACES[space].architecture(found) == find_network(network)


def test_what_is_not_a_member_says_where_it_leaves_the_space() -> None:
    space = SPACES["mobilenet_v2"]
    text = find_network("mobilenet_v2").text
    with pytest.raises(ChoiceError, match="no choice brings `conv k3 s2 c16 hswish` as block 1"):
        locate(space, find_network("mobilenet_v3_large"))
    with pytest.raises(ChoiceError, match="`mb k9 s2 h144 c32 relu6` as block 5 of 21"):
        locate(space, parse(text.replace("mb k3 s2 h144 c32", "mb k9 s2 h144 c32")))
    with pytest.raises(ChoiceError, match="`image` must be one of 3x96x96.*got 3x225x225"):
        locate(space, parse(text.replace("3x224x224", "3x225x225")))
    with pytest.raises(ChoiceError, match="go on after its 20 blocks"):
        locate(space, parse(text.removesuffix(" | fc c1000")))
    with pytest.raises(ChoiceError, match="`fc c1000` as block 22 of 22"):
        locate(space, parse(text + " | fc c1000"))
