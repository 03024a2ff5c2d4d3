"""What a user can get wrong: one class each, one base.

Every message is one sentence or two: what was got, what was expected, and the cure. The command line prints the
message alone and exits with :attr:`MsDnnError.exit_code`; ``--debug`` shows the traceback.
"""


class MsDnnError(Exception):
    """Base of everything that a user can mend."""

    exit_code = 2


class ConfigError(MsDnnError):
    """A configuration file, a ``--set`` override or their combination is wrong."""


class ParameterError(MsDnnError, ValueError):
    """A parameter of an estimator or a callback is wrong; the message names it."""


class DataError(MsDnnError):
    """A data set or an input file cannot be used as it is."""


class NewerVersionError(DataError):
    """A newer ms-dnn wrote a file in a way that this one does not know."""


class ShapeError(MsDnnError, ValueError):
    """Two shapes do not fit; the message names the layer, what it got and what it wanted."""


class NoDerivativeError(MsDnnError, ValueError):
    """A derivative was asked of a function that has no useful one (sign, zero-one loss)."""


class DeviceError(MsDnnError):
    """The named device, or a precision on it, is not to be had on this machine."""


class OutputError(MsDnnError):
    """A file or folder cannot be written where it is wanted."""


class RunError(MsDnnError):
    """A run folder is missing, unwritable, or not what it claims to be."""


class SweepError(MsDnnError):
    """A sweep cannot be started or continued as asked: its folder, its storage, a missing package."""


class CheckpointError(RunError):
    """A checkpoint is damaged or belongs to another network."""


class DivergenceError(MsDnnError):
    """Training met a number that is not finite; the last good weights were kept."""

    exit_code = 1


class ExportError(MsDnnError):
    """A run cannot be exported as asked: its format, its size, its outputs, the file, a missing package."""


class MismatchError(ExportError):
    """A model file does not predict as the run does; it was not kept."""

    exit_code = 1


class WorkerError(MsDnnError):
    """The workers of a distributed run cannot be started as asked, or one was lost."""


class SubjectError(MsDnnError):
    """What should be judged cannot be run, copied or differentiated as it is."""


class GradientError(MsDnnError):
    """A gradient was judged wrong during training; the weights are those before the step."""

    exit_code = 1


class OperatorError(MsDnnError):
    """The operator for CPU cannot be had here, or does not cover what is to be trained."""


class SeriesError(MsDnnError):
    """A chapter of the series cannot be found, or cannot run as asked."""
