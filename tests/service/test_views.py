"""Views of stored studies: what is kept of them equals what a fresh reader finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.report.front import FrontView
from nas.search.watching import look
from nas.service.views import Views
from nas.store import EvaluationState, Store
from tests.service.studies import begun, records


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "nas.db"), create=True) as found:
        yield found


def numbers(view: FrontView) -> tuple[list[int], list[int]]:
    return [one.number for one in view.front], [one.number for one in view.dominated]


def test_what_ends_after_a_later_one_is_not_lost(store: Store) -> None:
    study, views = begun(store), Views(store)
    early, late, last = records([(70.0, 5.0), (80.0, 4.0), (60.0, 3.0)])
    store.record(study.id, [early, last])
    assert numbers(views.front("small")) == ([0, 2], [])
    store.record(study.id, [late])
    assert numbers(views.front("small")) == ([1, 2], [0])
    assert numbers(views.front("small", until=1)) == ([0], [])
    assert numbers(views.front("small", until=2)) == ([1], [0])
    assert views.growth("small") == Views(store).growth("small")
    assert [count for count, _ in views.growth("small")] == [1, 2, 3]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_order_they_end_in_a_kept_view_is_that_of_a_fresh_reader(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    accuracy = st.integers(50, 55).map(float)
    values = data.draw(st.lists(st.tuples(accuracy, accuracy), min_size=1, max_size=24))
    # Some numbers may never come, others do after later ones.
    numbered = data.draw(st.permutations(range(2 * len(values))))[: len(values)]
    every = records(values, numbered)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=6)))
    file = tmp_path_factory.mktemp("views") / "nas.db"
    with Store.open(str(file), create=True) as store:
        study, views = begun(store), Views(store)
        for start, stop in zip([0, *cuts], [*cuts, len(values)], strict=True):
            store.record(study.id, every[start:stop])
            fresh = Views(store)
            for until in (None, 1, len(values)):
                kept = views.front("small", until=until)
                assert kept == fresh.front("small", until=until)
            assert views.growth("small") == fresh.growth("small")
            assert numbers(views.front("small"))[0] == fronted(every[:stop])


def fronted(evaluated: list) -> list[int]:
    """The front, by its definition."""
    pairs = [(-r.values["accuracy"], r.values["latency_ms"], r.number) for r in evaluated]
    kept: list[tuple[float, float, int]] = []
    for one in sorted(pairs):
        if not kept or one[1] < kept[-1][1]:
            kept.append(one)
    return [number for _, _, number in kept]


def test_progress_is_that_of_the_rows_and_read_once(store: Store) -> None:
    study, views = begun(store, evaluations=10), Views(store)
    done = records([(70.0, 5.0), (60.0, 3.0), (59.0, 4.0)])
    failed = replace(done[2], state=EvaluationState.FAILED, values={}, reason="it broke")
    store.record(study.id, [*done[:2], replace(failed, spent={"wall_s": 2.0})])
    found = views.progress(store.summary("small"))
    assert found == look(store, "small").progress
    assert (found.goal, found.complete, found.failed, found.done) == (10, 2, 1, False)
    assert found.spent == {"wall_s": 2.0}
    assert views.progress(store.summary("small")) is found
    store.finish(study.id)
    assert views.progress(store.summary("small")).done


def test_progress_of_a_study_that_runs_is_what_its_driver_says(store: Store) -> None:
    study, views = begun(store, evaluations=10), Views(store)
    with store.hold(study.id, progress={"goal": 10, "scored": 7}):
        assert views.progress(store.summary("small")).scored == 7
    assert views.progress(store.summary("small")).scored is None


def test_the_growth_of_a_front_is_told_in_few_steps(store: Store) -> None:
    study, views = begun(store, limits={"min_accuracy": 60.0}), Views(store)
    rng = np.random.default_rng(0)
    values = [(float(a), float(b)) for a, b in rng.uniform(50, 70, (1200, 2))]
    store.record(study.id, records(values))
    steps = views.growth("small")
    counts, volumes = zip(*steps, strict=True)
    able = [number for number, (accuracy, _) in enumerate(values) if accuracy >= 60]
    assert len(steps) == 500
    assert (counts[0], counts[-1]) == (able[0] + 1, able[-1] + 1)
    assert list(counts) == sorted(set(counts)) and list(volumes) == sorted(volumes)
    assert 0 < volumes[0] < volumes[-1] <= 1
