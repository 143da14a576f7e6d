"""All commands, in the order in which a newcomer meets them. What a command needs, it imports when it runs."""

import typer

from dalsegno.cli.commands.eval import eval_
from dalsegno.cli.commands.explain import explain
from dalsegno.cli.commands.graph import graph
from dalsegno.cli.commands.history import history
from dalsegno.cli.commands.list import list_
from dalsegno.cli.commands.publish import publish, raise_
from dalsegno.cli.commands.purge import purge
from dalsegno.cli.commands.register import register
from dalsegno.cli.commands.requests import COMMANDS
from dalsegno.cli.commands.rerun import rerun
from dalsegno.cli.commands.run import run
from dalsegno.cli.commands.schedules import schedules
from dalsegno.cli.commands.schema import schema
from dalsegno.cli.commands.show import show
from dalsegno.cli.commands.start import start
from dalsegno.cli.commands.test import run_tests
from dalsegno.cli.commands.unregister import unregister
from dalsegno.cli.commands.validate import validate
from dalsegno.cli.commands.verify import verify
from dalsegno.cli.commands.version import version
from dalsegno.cli.commands.why import why
from dalsegno.cli.commands.worker import worker

app = typer.Typer(
    name="dalsegno",
    help="Durable workflows written as YAML documents.",
    epilog='Start here: dalsegno run workflow.yaml --input \'{"name": "Ada"}\'',
    add_completion=False,
    no_args_is_help=True,
    # Plain help: it can be piped, copied and read aloud, and it comes at once.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)

app.command("validate")(validate)
app.command("run")(run)
app.command("eval")(eval_)
app.command("register")(register)
app.command("unregister")(unregister)
app.command("start")(start)
app.command("worker")(worker)
app.add_typer(schedules, name="schedules")
app.command("publish")(publish)
app.command("raise")(raise_)
app.command("explain")(explain)
app.command("graph")(graph)
app.command("test")(run_tests)
app.command("list")(list_)
app.command("show")(show)
app.command("why")(why)
app.command("history")(history)
app.command("verify")(verify)
for name, command in COMMANDS.items():
    app.command(name)(command)
app.command("rerun")(rerun)
app.command("purge")(purge)
app.command("schema")(schema)
app.command("version")(version)
