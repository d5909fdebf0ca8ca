"""A study's evaluations and accounts → what it took and what it saved, as rows and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nas.ledger.account import Costs, Part, costs, latest, mean_cost
from nas.ledger.energy import Energy, Powers
from nas.ledger.grid import WORLD, Grid, find_grid
from nas.ledger.savings import Saving, savings
from nas.store.records import AccountRecord, EvaluationRecord

NOT_KNOWN = "not known"
COLUMNS = ("what it took", "time", "device time", "energy", "CO2e")
SAVED_COLUMNS = ("saved by", "what", "count", "device time", "energy", "CO2e")

_DURATIONS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"))
_ENERGIES = ((3.6e6, "kWh"), (3.6e3, "Wh"), (1.0, "J"), (1e-3, "mJ"))
_MASSES = ((1e3, "kg"), (1.0, "g"), (1e-3, "mg"), (1e-6, "µg"))


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What a study took and saved.

    Args:
        costs: What it took.
        saved: What it did not have to pay, estimated.
        mean: What an evaluation that was completed took on average, by unit; None if unknown.
        powers: What devices draw where no counter counted.
        grid: What a kilowatt-hour stands for.
    """

    costs: Costs
    saved: Sequence[Saving]
    mean: Mapping[str, float] | None
    powers: Powers
    grid: Grid

    def rows(self) -> list[list[str]]:
        """Cells of `COLUMNS`: a row for each part, and one for all."""
        return [self._row(part) for part in (*self.costs.parts, self.costs.total)]

    def _row(self, part: Part) -> list[str]:
        name = part.name
        if name == "evaluations":
            name = f"{self.costs.evaluations:,} evaluations"
        energy = part.energy
        return [
            name,
            duration(part.wall_s),
            device_time(part.cpu_s, part.gpu_s),
            energy_words(energy),
            "" if _covered(energy) else _mass(self.grid.co2e_g(energy.total_j)),
        ]

    def line(self) -> str:
        """What all of it took, in a line."""
        total = self.costs.total
        energy, grams = total.energy, self.grid.co2e_g(total.energy.total_j)
        rests_on = f" ({'; '.join(energy.sources)})" if energy.sources else ""
        return (
            f"took {duration(total.wall_s)}, {device_time(total.cpu_s, total.gpu_s)}; energy "
            f"{energy_words(energy)}{rests_on}; {_mass(grams)} CO2e at {self.grid}"
        )

    def saved_rows(self) -> list[list[str]]:
        """Cells of `SAVED_COLUMNS`."""
        return [
            [
                one.way,
                one.what,
                f"{one.count:,}",
                device_time(one.cpu_s, one.gpu_s),
                _energy(one.energy_j),
                _mass(self.grid.co2e_g(one.energy_j)),
            ]
            for one in self.saved
        ]

    def notes(self) -> list[str]:
        """What the numbers rest on, and what is not known."""
        total = self.costs.total.energy
        notes = [f"Energy {source}." for source in total.sources]
        if self.mean is not None:
            each = device_time(self.mean["cpu_s"], self.mean.get("gpu_s"))
            notes.append(f"A whole evaluation took {each} on average.")
        if total.unknown:
            notes.append(f"Not known: {'; '.join(total.unknown)}.")
        if self.costs.aside:
            notes.append(f"Not counted: {'; '.join(self.costs.aside)}.")
        notes.append(f"CO2e at {self.grid}.")
        if self.saved:
            notes.append("Savings are estimates: the count times what the same took on average.")
        return notes

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; what is not known is null."""
        return {
            "parts": [self._json(part) for part in self.costs.parts],
            "together": self._json(self.costs.total),
            "evaluations": self.costs.evaluations,
            "evaluations_not_known": self.costs.not_known,
            "not_counted": list(self.costs.aside),
            "mean_evaluation": None if self.mean is None else dict(self.mean),
            "saved_estimates": [
                {
                    "way": one.way,
                    "what": one.what,
                    "count": one.count,
                    "cpu_s": one.cpu_s,
                    "gpu_s": one.gpu_s,
                    "energy_j": one.energy_j,
                    "co2e_g": self.grid.co2e_g(one.energy_j),
                }
                for one in self.saved
            ],
            "assumed": {"core_w": self.powers.core_w, "gpu_w": self.powers.gpu_w},
            "grid": {"gco2e_per_kwh": self.grid.gco2e_per_kwh, "source": self.grid.source},
        }

    def _json(self, part: Part) -> dict[str, Any]:
        energy = part.energy
        return {
            "name": part.name,
            "wall_s": part.wall_s,
            "cpu_s": part.cpu_s,
            "gpu_s": part.gpu_s,
            "energy_j": energy.total_j,
            "energy_measured_j": energy.measured_j,
            "energy_modelled_j": energy.modelled_j,
            "energy_kind": "counted in the other parts" if _covered(energy) else energy.kind,
            "energy_sources": list(energy.sources),
            "not_known": list(energy.unknown),
            "co2e_g": self.grid.co2e_g(energy.total_j),
        }


def ledger_view(
    evaluations: Sequence[EvaluationRecord],
    accounts: Sequence[AccountRecord],
    *,
    grid: str | None = None,
    powers: Powers = Powers(),  # noqa: B008 - frozen
) -> LedgerView:
    """What a study took and saved.

    Args:
        evaluations: All of it.
        accounts: Of all its drivers.
        grid: Whose electricity, as `find_grid` reads it; what the search was told if None, and
            the world's average where it was told nothing.
        powers: What devices draw where no counter counted.

    Raises:
        InputError: if there is no such grid.
    """
    return LedgerView(
        costs(evaluations, accounts, powers),
        savings(evaluations, accounts, powers),
        mean_cost(evaluations),
        powers,
        find_grid(grid or str(latest(accounts, "grid") or WORLD)),
    )


def energy_words(energy: Energy) -> str:
    """An energy with its kind, or that it is not known."""
    if _covered(energy):
        return "counted above"
    if energy.least_j is None:
        return NOT_KNOWN
    known = f"{_energy(energy.least_j)} {energy.kind}"
    return f"{NOT_KNOWN} (at least {known})" if energy.unknown else known


def device_time(cpu_s: float | None, gpu_s: float | None) -> str:
    """Seconds of cores and of GPUs."""
    cores = NOT_KNOWN if cpu_s is None else f"{duration(cpu_s)} of a core"
    return cores if gpu_s is None else f"{cores}, {duration(gpu_s)} of a GPU"


def duration(seconds: float | None) -> str:
    """A time span in its largest unit."""
    return _scaled(seconds, _DURATIONS)


def _covered(energy: Energy) -> bool:
    return energy == Energy()


def _energy(joules: float | None) -> str:
    return _scaled(joules, _ENERGIES)


def _mass(grams: float | None) -> str:
    return _scaled(grams, _MASSES)


def _scaled(value: float | None, units: Sequence[tuple[float, str]]) -> str:
    if value is None:
        return NOT_KNOWN
    size, unit = next((one for one in units if value >= one[0]), units[-1])
    return f"{value / size:.3g} {unit}"
