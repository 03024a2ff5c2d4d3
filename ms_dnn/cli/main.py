"""The command ``ms-dnn``. Each subcommand is one thin file beside this one, imported when it is used."""

import os
import signal
import sys
import tempfile
from typing import Annotated, Literal

import typer
from typer.main import get_command

from ms_dnn import __version__
from ms_dnn.cli.audit import audit
from ms_dnn.cli.check import check
from ms_dnn.cli.chinese_help import translate_help, wants_chinese
from ms_dnn.cli.compare import compare
from ms_dnn.cli.config import config
from ms_dnn.cli.data import data
from ms_dnn.cli.doctor import doctor
from ms_dnn.cli.evaluate import evaluate
from ms_dnn.cli.explore import explore
from ms_dnn.cli.export import export
from ms_dnn.cli.init import init
from ms_dnn.cli.predict import predict
from ms_dnn.cli.report import report
from ms_dnn.cli.series import series
from ms_dnn.cli.sweep import sweep
from ms_dnn.cli.train import train
from ms_dnn.cli.train_distributed import train_distributed
from ms_dnn.cli.usage import UsageError, usage_sentence
from ms_dnn.errors import MsDnnError
from ms_dnn.runtime.distributed import end_worker

app = typer.Typer(
    name="ms-dnn",
    help="Train deep neural networks by a hand-written backward pass on MindSpore, and judge gradients.",
    epilog="Environment: MS_DNN_DEBUG=1 is --debug; GLOG_v is MindSpore's log level, 4 (nothing) unless it is set; "
    "MS_OM_PATH is the folder for its compiler's dumps, the system's temporary one unless it is set; OMP_NUM_THREADS "
    "limits the threads of a process; CXX is the C++ compiler of the training operator, XDG_CACHE_HOME the place of "
    "its library, XDG_STATE_HOME that of what was done in the series; NO_COLOR and COLUMNS are heeded.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
)
app.command()(init)
app.command()(train)
app.command()(train_distributed)
app.command()(sweep)
app.command()(check)
app.command()(evaluate)
app.command()(predict)
app.command()(export)
app.command()(report)
app.command()(explore)
app.command()(compare)
app.command()(audit)
app.command()(doctor)
app.command()(series)
app.add_typer(data, name="data")
app.add_typer(config, name="config")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ms-dnn {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    language: Annotated[
        Literal["en", "zh-CN"] | None, typer.Option("--language", is_eager=True, help="Of the help; else that of LANG.")
    ] = None,  # :func:`run_application` looks for it before there are commands
) -> None:
    """Hold the options of all commands."""
    if debug:
        os.environ["MS_DNN_DEBUG"] = "1"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 good, 1 the gradients or the data say no, 2 wrong input, 3 inconclusive."""
    # Before MindSpore is imported: log nothing, for what goes wrong is raised as well, and put the compiler's failure
    # dumps (rank_0/om/analyze_fail.ir) into the system's temporary folder instead of the user's.
    os.environ.setdefault("GLOG_v", "4")
    os.environ.setdefault("MS_OM_PATH", tempfile.gettempdir())
    try:
        run_application(app, arguments, "ms-dnn")
    except SystemExit as ending:
        end_worker(ending.code if isinstance(ending.code, int) else 0)
        raise


def run_application(application: typer.Typer, arguments: list[str] | None = None, name: str | None = None) -> None:
    """Run a command line, called ``name`` or as the program is, and exit; an error of the user is one sentence."""
    # Until a run listens for it, Ctrl-C ends the process at once: inside MindSpore's import an exception crashes it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        command = get_command(application)
        if wants_chinese(sys.argv[1:] if arguments is None else arguments, os.environ):
            translate_help(command)
        sys.exit(command(arguments, prog_name=name, standalone_mode=False) or 0)
    except UsageError as error:
        if not str(error):  # a group without a command, whose help was shown
            sys.exit(MsDnnError.exit_code)
        typer.echo(f"ms-dnn: {usage_sentence(error)}", err=True)
        sys.exit(MsDnnError.exit_code)
    except typer.Abort:
        sys.exit(130)
    except MsDnnError as error:
        if os.environ.get("MS_DNN_DEBUG", "0") not in ("", "0"):
            raise
        typer.echo(f"ms-dnn: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader went away (ms-dnn … | head): leave without a word, and without a second error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
