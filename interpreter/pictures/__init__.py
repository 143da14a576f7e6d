"""Pictures of a document, and of an instance on its way through it: SVG for eyes, Mermaid for other people's pages."""

from dalsegno.interpreter.pictures.mermaid import mermaid
from dalsegno.interpreter.pictures.outline import Node, outline
from dalsegno.interpreter.pictures.progress import Mark, Progress
from dalsegno.interpreter.pictures.svg import svg

__all__ = ["Mark", "Node", "Progress", "mermaid", "outline", "svg"]
