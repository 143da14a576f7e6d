"""Data flow: what shapes the data of a task or workflow on its way in and out (DSL, "Data Flow")."""

from dataclasses import dataclass

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.execution import Execution
from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.schemas import FetchedCheck, SchemaCheck
from dalsegno.interpreter.templates import Template
from dalsegno.schema.values import JsonValue


@dataclass(frozen=True, slots=True)
class DataFlow:
    """The schemas and transformations of one task; None where the document gives none."""

    input_schema: SchemaCheck | FetchedCheck | None = None
    input_from: Template | None = None
    output_as: Template | None = None
    output_schema: SchemaCheck | FetchedCheck | None = None
    export_as: Template | None = None
    export_schema: SchemaCheck | FetchedCheck | None = None

    def enter(self, frame: Frame, execution: Execution) -> JsonValue:
        """The transformed input. Raises WorkflowError where the raw one fails its schema or the expression fails."""
        raw = frame.raw_input
        if self.input_schema is not None:
            self.input_schema.check(raw, "the input", execution)
        return raw if self.input_from is None else self.input_from.evaluate(raw, frame, execution)

    def leave(self, frame: Frame, execution: Execution, output: JsonValue) -> JsonValue:
        """The transformed output, after the context is updated. Raises WorkflowError."""
        frame.raw_output = output
        if self.output_as is not None:
            output = self.output_as.evaluate(output, frame, execution)
        if self.output_schema is not None:
            self.output_schema.check(output, "the output", execution)
        frame.output = output
        if self.export_as is not None:
            context = self.export_as.evaluate(output, frame, execution)
            if context is not None and not isinstance(context, dict):
                raise WorkflowError.of("expression", "`export.as` must give an object or null: it replaces $context")
            frame.holder.context = context
        if self.export_schema is not None:
            self.export_schema.check(frame.holder.context, "the exported context", execution)
        return output


NO_FLOW = DataFlow()
