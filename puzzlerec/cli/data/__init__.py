"""``puzzlerec data``: builds datasets, describes them, shows examples."""

import typer

from puzzlerec.cli.data.build import HELP, build
from puzzlerec.cli.data.describe import info, show
from puzzlerec.cli.data.exchange import IMPORT_HELP, export_file, import_any

app = typer.Typer(no_args_is_help=True, help="Datasets: build, describe and show them.")
app.command(help=HELP)(build)
app.command()(info)
app.command()(show)
app.command("import", help=IMPORT_HELP)(import_any)
app.command("export")(export_file)

__all__ = ["app"]
