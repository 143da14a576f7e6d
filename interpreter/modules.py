"""Modules: fetched functions, compiled once for all instances that have the same content from the same place."""

from dataclasses import replace
from functools import lru_cache
from typing import cast

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.graph import StepGraph
from dalsegno.interpreter.sources import FUNCTION, Source
from dalsegno.schema.model import Workflow, task
from dalsegno.schema.problems import InvalidDocument
from dalsegno.schema.values import JsonObject, as_object


def module_of(source: Source, caller: Workflow) -> StepGraph | None:
    """The step graph of a source that is a function; None for any other.

    Of the calling workflow it has the language of expressions and the identity, but nothing that is under `use`. The
    references of its steps begin with its URI and `#`. Raises WorkflowError (configuration) for one that this version
    cannot run.
    """
    if source.kind != FUNCTION:
        return None
    shared: JsonObject = {key: caller.definition[key] for key in ("document", "evaluate") if key in caller.definition}
    definition: JsonObject = {**shared, "do": [{FUNCTION: source.content}]}
    try:
        return _compile(Workflow(definition, source.name))
    except InvalidDocument as error:
        raise WorkflowError.of("configuration", f"{source.name}: {error}") from None


@lru_cache(maxsize=1024)
def _compile(workflow: Workflow) -> StepGraph:
    # Imported here: the compiler knows what a frame may ask for, and frames ask for modules.
    from dalsegno.interpreter.compiler import compiler_of

    assert workflow.path is not None
    reference = f"{workflow.path}#"
    compiler = compiler_of(workflow, location=workflow.path)
    (item,) = cast("list[JsonObject]", workflow.definition["do"])
    function = task(FUNCTION, as_object(item[FUNCTION]), reference, workflow)
    body = compiler.single(replace(function, then="continue"))
    return compiler.graph(body.steps[0])
