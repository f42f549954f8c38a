"""``puzzlerec data``: builds datasets, describes them, shows examples."""

import typer

from puzzlerec.cli.data.build import HELP, build
from puzzlerec.cli.data.describe import info, show
from puzzlerec.cli.data.exchange import export_file, import_folder

app = typer.Typer(no_args_is_help=True, help="Datasets: build, describe and show them.")
app.command(help=HELP)(build)
app.command()(info)
app.command()(show)
app.command("import")(import_folder)
app.command("export")(export_file)

__all__ = ["app"]
