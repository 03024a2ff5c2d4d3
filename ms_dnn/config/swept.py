"""An experiment whose keys are to be tried over ranges: the checked ranges, and the configuration of each trial."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from ms_dnn.config.data_section import PATHS
from ms_dnn.config.document import Document, set_value
from ms_dnn.config.loading import document_of, dump_values, load_document, validated
from ms_dnn.config.problems import Origin, Path, Problem, config_error, dotted
from ms_dnn.config.schema import ExperimentConfig
from ms_dnn.config.sweep_section import IntervalConfig, SweepConfig
from ms_dnn.config.wording import problems_of
from ms_dnn.errors import ConfigError
from ms_dnn.presentation.notation import nearest_name

# Keys for all hidden layers at once, in the order in which they are applied: depth makes the layers.
HIDDEN = ("network.depth", "network.width", "network.activation")

MOST_COMBINATIONS = 100_000

_LOSS_KEYS = ("loss", "reduction", "data.target_scaling")
_UNSWEPT = {
    "sweep": "it is the sweep itself",
    "version": "it is the version of the format",
    "name": "it names the experiment",
    "device": "it is for --device to say",
    "seed": "it decides which samples are in the validation set, and trials are compared on that set",
    "data.set": "trials are compared on the same samples",
    "data.file": "trials are compared on the same samples",
    "data.folder": "trials are compared on the same samples",
    "data.test_folder": "trials are compared on the same samples",
    "data.validation_folder": "trials are compared on the same samples",
    "data.target": "trials are compared on the same samples",
    "data.target_kind": "trials are compared on the same samples",
    "data.classes": "trials are compared on the same samples",
    "data.validation": "trials are compared on the same samples",
    "data.test": "trials are compared on the same samples",
}


@dataclass(frozen=True)
class Parameter:
    """One key that is swept: ``address`` is the key, as ``--set`` has it, and ``choices`` its values.

    Those of an interval, for which ``choices`` is None, lie ``step`` apart if that is given, or have evenly spread
    logarithms if ``log``; they are whole numbers if ``integer``, because only such fit the key.
    """

    address: str
    choices: tuple[Any, ...] | None = None
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    log: bool = False
    integer: bool = False

    @property
    def values(self) -> tuple[Any, ...] | None:
        """Every value, or None where there is no end of them."""
        if self.choices is not None:
            return self.choices
        step = self.step or (1 if self.integer else None)
        if step is None:
            return (self.low,) if self.low == self.high else None
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        return tuple(self.low + index * step for index in range(min(count, MOST_COMBINATIONS + 1)))


class SweptExperiment:
    """An experiment with a checked ``sweep:`` section.

    Attributes:
        base: the experiment without the section.
        sweep: the section.
        parameters: the swept keys, in their order.

    Raises:
        ConfigError: for the first thing that is wrong with the experiment or the section.
    """

    def __init__(self, document: Document) -> None:
        config = validated(document)
        section = config.sweep
        if section is None:
            sentence = (
                "missing; expected 'ranges', such as ranges: {learning_rate: {low: 0.0001, high: 0.1, log: true}}"
            )
            raise config_error([Problem(document.origin(("sweep",)), ("sweep",), sentence)])
        self.sweep: SweepConfig = section
        self.base: ExperimentConfig = config.model_copy(update={"sweep": None})
        self._document = document
        self._require_measurable()
        self.parameters = tuple(self._parameter(address) for address in section.ranges)
        if section.sampler == "grid":
            self._require_countable()

    @property
    def trials(self) -> int:
        """Number of trials: what was asked for, and for a grid no more than it has combinations."""
        if self.sweep.sampler != "grid":
            return self.sweep.trials
        return min(self.sweep.trials, math.prod(len(parameter.values or ()) for parameter in self.parameters))

    def combinations(self) -> list[dict[str, Any]]:
        """Return every combination of a grid, the last parameter changing fastest."""
        values = [parameter.values or () for parameter in self.parameters]
        addresses = [parameter.address for parameter in self.parameters]
        return [dict(zip(addresses, one, strict=True)) for one in itertools.product(*values)]

    def with_values(self, values: Mapping[str, Any]) -> ExperimentConfig:
        """Return the configuration of a trial.

        Raises:
            ConfigError: when the values do not go together; it names the value or the line.
        """
        return validated(self._changed(values)[0])

    def text(self) -> str:
        """Return everything as YAML, with paths that hold in any working directory."""
        data = copy.deepcopy(self._document.data)
        for key in PATHS:
            if data["data"].get(key):
                data["data"][key] = str(FilePath(data["data"][key]).absolute())
        return dump_values(data)

    def _changed(self, values: Mapping[str, Any], origin: Origin | None = None) -> tuple[Document, dict[str, Path]]:
        """Return the values of the experiment after the change, and where each address was found."""
        data = {key: value for key, value in self._document.data.items() if key != "sweep"}
        document = Document(copy.deepcopy(data), dict(self._document.origins))
        paths: dict[str, Path] = {}
        for address in sorted(values, key=lambda one: HIDDEN.index(one) if one in HIDDEN else len(HIDDEN)):
            place = origin or Origin(f"{address}={values[address]}")
            if address in HIDDEN:
                _change_hidden(document, address, values[address], place)
                paths[address] = ("network", "layers")
            else:
                new = Document(values[address], {(): place})
                paths[address] = set_value(document, tuple(address.split(".")), new, place)
        return document, paths

    def _require_measurable(self) -> None:
        """Raise when no trial could be measured by the metric."""
        metric, kind = self.sweep.metric, self.base.data.known_target_kind
        path: Path = ("sweep", "metric")
        if not self.base.data.validates:
            sentence = f"{metric} needs validation samples, and data.validation is 0; set data.validation to 0.1"
        elif metric == "validation_accuracy" and kind == "numbers":
            sentence = f"{self.base.data.set} is a regression set, which has no accuracy; use validation_r2"
        elif metric == "validation_r2" and kind == "classes":
            sentence = f"the targets of {self.base.data.set} are classes, which have no R²; use validation_accuracy"
        else:
            return
        raise config_error([Problem(self._document.origin(path), path, sentence)])

    def _parameter(self, address: str) -> Parameter:
        """Check one range against the experiment."""
        self._require_sweepable(address)
        found = self.sweep.ranges[address]
        if not isinstance(found, IntervalConfig):
            for index, choice in enumerate(found):
                self._check_fits(address, (index,), choice)
            return Parameter(address, tuple(found))
        self._check_fits(address, ("low",), found.low)
        self._check_fits(address, ("high",), found.high)
        integer = isinstance(found.low, int) and isinstance(found.high, int) and self._takes_whole_numbers(address)
        if integer and found.step is not None and found.step != int(found.step):
            raise self._error(address, ("step",), f"got {found.step:g}, expected a whole number, as {address} is one")
        return Parameter(address, None, found.low, found.high, found.step, found.log, integer)

    def _takes_whole_numbers(self, address: str) -> bool:
        """Whether a fraction between the ends, which are allowed, is not."""
        found = self.sweep.ranges[address]
        if address == "network.depth" or not isinstance(found, IntervalConfig) or found.low == found.high:
            return True
        return self._problem_with(address, found.low + 0.5) is not None

    def _require_sweepable(self, address: str) -> None:
        reason = _UNSWEPT.get(address) or _UNSWEPT.get(address.split(".")[0])
        if reason is None and self.sweep.metric == "validation_loss" and address in _LOSS_KEYS:
            score = "validation_r2" if self.base.loss == "squared_error" else "validation_accuracy"
            reason = f"it changes what validation_loss means; set sweep.metric to {score}"
        if reason is not None:
            raise self._error(address, (), f"{address} cannot be swept: {reason}")
        meant = nearest_name(address, HIDDEN) if address.count(".") == 1 and address not in HIDDEN else None
        if meant is not None and address.startswith("network.") and address != "network.layers":
            raise self._error(address, (), f"unknown key; did you mean {meant!r}?")
        if address in HIDDEN and len(self.base.network.layers) == 1:
            raise self._error(address, (), "the experiment has no hidden layer to change; add one to network.layers")

    def _check_fits(self, address: str, place: Path, value: Any) -> None:
        """Raise when no trial with this value could be valid."""
        problem = self._problem_with(address, value, self._document.origin(("sweep", "ranges", address, *place)))
        if problem is not None:
            raise self._error(address, place, problem)

    def _problem_with(self, address: str, value: Any, origin: Origin | None = None) -> str | None:
        """Say what is wrong with the experiment with one value changed, unless another range may fix it.

        Conflicts between values are left to the trials, where the other values are known.
        """
        document, paths = self._changed({address: value}, origin)
        try:
            ExperimentConfig.model_validate(document.data)
        except ValidationError as error:
            if any(detail["type"] == "conflict" for detail in error.errors()):
                return None
            others = [tuple(other.split(".")) for other in self.sweep.ranges if other != address]
            for problem in problems_of(error, document):
                where = tuple(map(str, problem.path))
                if not any(where[: len(other)] == other for other in others):
                    own = paths[address] == problem.path
                    return problem.sentence if own else f"{dotted(problem.path)}: {problem.sentence}"
        return None

    def _require_countable(self) -> None:
        combinations = 1
        for parameter in self.parameters:
            if parameter.values is None:
                sentence = "grid takes every value, and here is no end of them; give a step or a list of choices"
                raise self._error(parameter.address, (), sentence)
            combinations *= len(parameter.values)
        if combinations > MOST_COMBINATIONS:
            path = ("sweep", "sampler")
            sentence = f"the grid has more than {MOST_COMBINATIONS} combinations; use tpe or random, or fewer values"
            raise config_error([Problem(self._document.origin(path), path, sentence)])

    def _error(self, address: str, place: Path, sentence: str) -> ConfigError:
        path: Path = ("sweep", "ranges", address, *place)
        return config_error([Problem(self._document.origin(path), path, sentence)])


def load_swept(path: str | FilePath, overrides: Sequence[str] = ()) -> SweptExperiment:
    """Read an experiment and its sweep from a YAML file; otherwise as :func:`ms_dnn.config.load_config`."""
    return SweptExperiment(load_document(path, overrides))


def parse_swept(text: str, source: str = "configuration", overrides: Sequence[str] = ()) -> SweptExperiment:
    """Read an experiment and its sweep from YAML text, which errors call ``source``."""
    return SweptExperiment(document_of(text, source, overrides))


def _change_hidden(document: Document, address: str, value: Any, origin: Origin) -> None:
    """Change the number, units or activation of all layers but the last.

    Raises:
        ConfigError: when the number of layers is none.
    """
    *hidden, output = document.data["network"]["layers"]
    if address == "network.depth":
        if type(value) is not int or not 1 <= value <= 1000:
            sentence = f"got {value}, expected a whole number from 1 to 1000, the number of hidden layers"
            raise config_error([Problem(origin, ("network", "depth"), sentence)])
        hidden = [copy.deepcopy(hidden[min(index, len(hidden) - 1)]) for index in range(value)]
    else:
        key = "units" if address == "network.width" else "activation"
        hidden = [{**layer, key: value} for layer in hidden]
    document.data["network"]["layers"] = [*hidden, output]
    document.replace(("network", "layers"), Document(None, {(): origin}))
