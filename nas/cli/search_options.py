"""The options of `nas search`, in the panels that its help shows them in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

_WHAT, _LIMITS, _HOW = "What to search", "Limits", "How to search"
_WORKERS, _RESULT = "Workers, for an evaluator of your own", "Result"


class Search(StrEnum):
    """How a study may be searched."""

    AUTO = "auto"
    DIRECT = "direct"
    SURROGATE = "surrogate"


class EarlyStopping(StrEnum):
    """What may stop an evaluation early."""

    NONE = "none"
    ASHA = "asha"


class Callback(StrEnum):
    """Loggers of Ray Tune."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"
    WANDB = "wandb"


Study = Annotated[
    str | None,
    typer.Argument(
        metavar="STUDY", help="A study file (YAML) or a shipped study. Options override it."
    ),
]
Space = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A search space, or a YAML file.", rich_help_panel=_WHAT),
]
Device = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="The device (`nas devices`). Given again, each further one adds its latency to the "
        "objectives, unless you name the objectives.",
        rich_help_panel=_WHAT,
    ),
]
ObjectiveNames = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Give once for each: accuracy, proxy_score, train_time_s, latency_ms, energy_mj, "
        "peak_memory_bytes, macs, parameters. On another device: latency_ms@raspberry-pi-4.",
        rich_help_panel=_WHAT,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="Your own pictures: a folder of class folders, a CSV or Parquet file of paths or "
        "pictures with labels, an .npz, CIFAR's binary files, or digits for a first try. "
        "Accuracy is then measured on them.",
        rich_help_panel=_WHAT,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="With --data, how often training sees each picture; by default what suits their "
        "number.",
        rich_help_panel=_HOW,
    ),
]
Efficient = Annotated[
    bool | None,
    typer.Option(
        "--efficient",
        help="With --data, train on fewer pictures as they are learnt.",
        rich_help_panel=_HOW,
    ),
]
Trainings = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="With --evaluator training or finetuning, how many trainings of a network its "
        "accuracy is the mean of: more where chance makes larger differences than those that "
        "matter.",
        rich_help_panel=_HOW,
    ),
]
FidelityName = Annotated[
    str | None,
    typer.Option(
        metavar="<epochs|pictures|resolution>",
        help="With those two, what early reports, by which --early-stopping goes, have less of: "
        "epochs (the default), pictures, which join later, or resolution, which grows.",
        rich_help_panel=_HOW,
    ),
]
Accuracy = Annotated[
    Path | None,
    typer.Option(
        metavar="CSV",
        help="Accuracies that you measured: a column accuracy, and architecture, id or code.",
        rich_help_panel=_WHAT,
    ),
]
Evaluator = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="With --data: supernet, which trains the weights of all networks at once (the "
        "default), finetuning, which then trains each network a little further, training, of each "
        "network from nothing, or a score of untrained networks in place of "
        "accuracy: naswot, synflow, zen, gradient_norm, jacobian_covariance. Or code of your own, "
        "MODULE:FACTORY, that trains a network and says its accuracy; the factory gives an object "
        "with cost_s (seconds a network takes), provenance (a dict) and evaluate(architecture, *, "
        "seed, folder), which yields nas.Report(share_of_the_work, accuracy) until share 1.",
        rich_help_panel=_WHAT,
    ),
]

Limit = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LIMIT",
        help="Such as 'latency_ms@raspberry-pi-4<=100', 'peak_memory_bytes<=2MiB', "
        "'accuracy>=70'; give it again for more.",
        rich_help_panel=_LIMITS,
    ),
]
MaxLatency = Annotated[
    float | None, typer.Option(help="Most latency on the device.", rich_help_panel=_LIMITS)
]
MaxEnergy = Annotated[
    float | None, typer.Option(help="Most energy on the device.", rich_help_panel=_LIMITS)
]
MaxMemory = Annotated[
    float | None, typer.Option(help="Most peak memory.", rich_help_panel=_LIMITS)
]
MaxMacs = Annotated[
    float | None, typer.Option(help="Most multiply-accumulates.", rich_help_panel=_LIMITS)
]
MaxParameters = Annotated[
    float | None, typer.Option(help="Most parameters.", rich_help_panel=_LIMITS)
]

Evaluations = Annotated[
    int | None,
    typer.Option(
        help="Networks to evaluate; by default what suits the search.", rich_help_panel=_HOW
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option(
        help="How long to search, instead of --evaluations or besides; networks under way then "
        "are finished. A search that is resumed gets them anew.",
        rich_help_panel=_HOW,
    ),
]
SearchMode = Annotated[
    Search | None,
    typer.Option(
        help="direct scores the space by the hundred thousand, surrogate chooses each network; "
        "auto goes by what an evaluation costs.",
        rich_help_panel=_HOW,
    ),
]
WarmStart = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FROM",
        help="A study of the same space, a file that lists networks, or references.",
        rich_help_panel=_HOW,
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the search.", rich_help_panel=_HOW)]

WorkerCount = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Networks at once.", rich_help_panel=_WORKERS),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="A Ray cluster to join, or auto; without it, one is started here.",
        rich_help_panel=_WORKERS,
    ),
]
CpusPerTrial = Annotated[
    float, typer.Option(min=0.0, help="CPU cores of a network.", rich_help_panel=_WORKERS)
]
GpusPerTrial = Annotated[
    float,
    typer.Option(min=0.0, help="GPUs of a network; may be a part.", rich_help_panel=_WORKERS),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout-s",
        min=0.001,
        help="Most seconds for a network; then it counts as failed.",
        rich_help_panel=_WORKERS,
    ),
]
Stopping = Annotated[
    EarlyStopping,
    typer.Option(
        help="asha stops a network whose reports fall behind those that cost as much.",
        rich_help_panel=_WORKERS,
    ),
]
Callbacks = Annotated[
    list[Callback] | None,
    typer.Option(help="Log to it as Ray Tune does.", rich_help_panel=_WORKERS),
]
WorkDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="For checkpoints; on several machines, a folder that all share.",
        rich_help_panel=_WORKERS,
    ),
]

StudyName = Annotated[
    str | None,
    typer.Option(
        help="Name of the study; without it, one made of the options.", rich_help_panel=_RESULT
    ),
]
Html = Annotated[
    Path, typer.Option(metavar="FILE", help="Where the picture goes.", rich_help_panel=_RESULT)
]
Grid = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE",
        help="Whose electricity it takes, for `nas studies show`: a country's ISO code, such as "
        "DEU, or its gCO2e/kWh.",
        rich_help_panel=_RESULT,
    ),
]
