"""The types of steps, one module each; a new one is a new module and one line in BUILDERS."""

from collections.abc import Mapping
from typing import cast

from dalsegno.interpreter.compiler import Builder
from dalsegno.interpreter.steps import (
    call,
    do,
    emit,
    extension,
    fork,
    function,
    listen,
    loop,
    raising,
    run,
    set,
    switch,
    trying,
    wait,
    workflow,
)
from dalsegno.schema.model import (
    CallTask,
    DoTask,
    EmitTask,
    ForkTask,
    ForTask,
    ListenTask,
    RaiseTask,
    RunTask,
    SetTask,
    SwitchTask,
    Task,
    TryTask,
    WaitTask,
)

BUILDERS = cast(
    Mapping[type[Task], Builder],
    {
        CallTask: call.build,
        DoTask: do.build,
        EmitTask: emit.build,
        ForTask: loop.build,
        ForkTask: fork.build,
        ListenTask: listen.build,
        RaiseTask: raising.build,
        RunTask: run.build,
        SetTask: set.build,
        SwitchTask: switch.build,
        TryTask: trying.build,
        WaitTask: wait.build,
    },
)

build_root = workflow.build
build_extensions = extension.build
build_functions = function.build_functions
