"""The command ``puzzlerec``: its commands, and what holds for all of them."""

from __future__ import annotations

import itertools
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup, TyperOption

from puzzlerec.cli import compare, data, models, train
from puzzlerec.cli.errors import PIPE_CLOSED, STATUSES, UNUSABLE, in_words
from puzzlerec.cli.eval import HELP as EVAL_HELP
from puzzlerec.cli.eval import evaluate
from puzzlerec.cli.film import HELP as FILM_HELP
from puzzlerec.cli.film import film
from puzzlerec.cli.options import valid_device
from puzzlerec.cli.plot import HELP as PLOT_HELP
from puzzlerec.cli.plot import plot
from puzzlerec.cli.samples import HELP as SAMPLES_HELP
from puzzlerec.cli.samples import samples
from puzzlerec.cli.settings import configured
from puzzlerec.cli.signals import unwinding
from puzzlerec.cli.solve import HELP as SOLVE_HELP
from puzzlerec.cli.solve import solve
from puzzlerec.cli.terminal import lenient_streams, messages
from puzzlerec.cli.watch import HELP as WATCH_HELP
from puzzlerec.cli.watch import watch


class Program(TyperGroup):
    """The root: options that every command understands, settings of one's own, errors in words."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for command in _commands_of(self):
            declared = {name for parameter in command.params for name in parameter.opts}
            command.params += [option for option in _options_everywhere() if not declared & set(option.opts)]

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        own = itertools.takewhile(lambda argument: argument not in self.commands, arguments)
        if "--version" not in own and not {"--help", "-h"} & set(arguments):  # these work whatever the settings say
            context.default_map = _defaults(self, configured())
        return super().parse_args(context, arguments)

    def invoke(self, context: Any) -> Any:
        try:
            return super().invoke(context)
        except BrokenPipeError:  # whoever reads has had enough, as `head` does: that says nothing of the puzzles
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
            sys.exit(PIPE_CLOSED)

    def main(self, *arguments: Any, **extra: Any) -> Any:
        messages.reset()
        lenient_streams()
        try:
            return super().main(*arguments, **extra)
        except Exception as error:
            if messages.debug:
                traceback.print_exc()
            else:
                messages.error(in_words(error))
            sys.exit(UNUSABLE)
        finally:
            # Python remembers that a KeyboardInterrupt left an exec of text, as the making of a dataclass is one, and
            # at its end kills itself by SIGINT instead of exiting with its status; it forgets that at the next one
            exec("")


def _commands_of(command: Any) -> Iterator[Any]:
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from _commands_of(below)


def _options_everywhere() -> list[TyperOption]:
    def option(*names: str, callback: Any, help: str, **more: Any) -> TyperOption:
        return TyperOption(
            param_decls=list(names),
            callback=callback,
            help=help,
            expose_value=False,
            is_eager=True,
            rich_help_panel="Everywhere",
            **more,
        )

    def louder(context: typer.Context, option: Any, on: bool) -> None:
        if on:
            messages.verbosity = 1

    def quieter(context: typer.Context, option: Any, on: bool) -> None:
        if on:
            messages.verbosity = -1

    def debug(context: typer.Context, option: Any, on: bool) -> None:
        messages.debug = messages.debug or on

    return [
        option("--verbose", "-v", is_flag=True, callback=louder, help="Say more on standard error."),
        option("--quiet", "-q", is_flag=True, callback=quieter, help="Say nothing but errors and warnings there."),
        option("--debug", is_flag=True, callback=debug, help="Show where an error comes from."),
    ]


def _defaults(command: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """``settings`` as the defaults of the commands below ``command``; general ones are each one's own too."""
    general = {name: value for name, value in settings.items() if not isinstance(value, dict)}
    below = {name: (one, general | settings.get(name, {})) for name, one in command.commands.items()}
    return {name: _defaults(one, own) if hasattr(one, "commands") else own for name, (one, own) in below.items()}


def _show_version(on: bool) -> None:
    if not on:
        return
    import platform

    import torch

    from puzzlerec import __version__
    from puzzlerec.device import choose_device

    device = choose_device("auto")
    name = f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)
    print(f"puzzlerec {__version__}, torch {torch.__version__} on {name}, Python {platform.python_version()}")
    raise typer.Exit


app = typer.Typer(
    name="puzzlerec",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=STATUSES,
)


@app.callback()
def puzzlerec(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Print version, torch and device, and exit."
        ),
    ] = False,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", callback=valid_device, help="As behind the commands that compute.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=2**32 - 1, help="As behind the commands that draw at random.")
    ] = None,
) -> None:
    """Solve hard grid puzzles with tiny recursive networks: train them, run them, watch them think.

    \b
    puzzlerec solve sudokus.txt      solve the puzzles in a file
    puzzlerec models list            see which networks are here
    puzzlerec COMMAND --help         learn what a command can do
    """
    for name, value in (("PUZZLEREC_DEVICE", device), ("PUZZLEREC_SEED", seed)):
        if value is not None:  # the command behind finds it as its next best choice after its own options
            before = os.environ.get(name)
            os.environ[name] = str(value)
            context.call_on_close(lambda name=name, before=before: _restore(name, before))


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


app.command(help=SOLVE_HELP)(solve)
app.command(help=WATCH_HELP)(watch)
app.command(help=FILM_HELP)(film)
app.command("train", help=train.HELP)(train.train)
app.command("eval", help=EVAL_HELP)(evaluate)
app.command("compare", help=compare.HELP)(compare.compare)
app.command(help=PLOT_HELP)(plot)
app.command(help=SAMPLES_HELP)(samples)
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")


def main() -> None:
    unwinding.install()
    app(prog_name="puzzlerec")
