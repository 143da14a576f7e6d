"""From text to a tree of plain JSON values that knows the line and column of every key and value.

Everything is bounded before it is built: size, levels, what aliases add. Hostile text gives problems, never a
traceback (decision D14: YAML 1.2 core, one document, string keys, no tags, no duplicate keys, finite numbers).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dalsegno.schema import yaml_events
from dalsegno.schema.codes import problem
from dalsegno.schema.decoding import EMPTY, decode
from dalsegno.schema.problems import Problem
from dalsegno.schema.scalars import Lines, index_in_source, resolve
from dalsegno.schema.syntax import explain
from dalsegno.schema.values import JsonObject, JsonValue
from dalsegno.schema.yaml_events import Event, Kind, SyntaxFault

DEEPEST: Final = 256  #: levels of nesting
#: What aliases and merges may add: characters of text, and this much for every node.
LARGEST_EXPANSION: Final = 2 * 2**20
NODE: Final = 16
#: The parser looks back over every bracket that is open on a line, so their number is bounded as a whole.
MOST_OPEN: Final = 8_000_000
LONGEST_KEY: Final = 1_024
MOST_PROBLEMS: Final = 100


class Node:
    """A value with the place where it is written; shared by every alias of it.

    `broken` says that a problem is already known about it, so that nothing else needs to be said.
    """

    __slots__ = ("broken", "children", "column", "end", "height", "line", "start", "style", "value", "weight")

    def __init__(self, event: Event, value: JsonValue, children: "dict[str, Child] | list[Node] | None" = None) -> None:
        self.value = value
        self.children = children
        self.line, self.column, self.start, self.end = event.line, event.column, event.start, event.end
        self.style = event.style
        self.weight = NODE + len(event.text)
        self.height = 0
        self.broken = False


class Child(NamedTuple):
    """An entry of a mapping: the place of its key, and its value."""

    line: int
    column: int
    node: Node


@dataclass(slots=True)
class Source:
    """A text that was read. `root` is None where nothing useful came of it; `problems` says why."""

    text: str
    root: Node | None
    problems: list[Problem] = field(default_factory=list[Problem])
    _lines: Lines | None = None

    def locate(self, node: Node, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset` of a scalar's value, else of the scalar itself."""
        if not isinstance(node.value, str):
            return node.line, node.column
        self._lines = self._lines or Lines(self.text)
        raw = self.text[node.start : node.end]
        return self._lines.locate(node.start + index_in_source(raw, node.style, node.value, offset))


def parse(text: str | bytes) -> Source:
    """Reads YAML or JSON. Whatever the text is, the answer comes in bounded time and memory, and nothing is raised."""
    decoded, refusal = decode(text)
    if refusal is not None:
        return Source("", None, [refusal])
    reader = _Reader()
    try:
        reader.read(yaml_events.parse(decoded))
    except SyntaxFault as fault:
        reader.problems.append(explain(fault, decoded))
        reader.root = None
    except _Stop:
        reader.root = None
    return Source(decoded, reader.root, reader.problems)


class _Stop(Exception):
    """The document is past saving; the reason is among the problems."""


class _Open:
    """A mapping or sequence that is being read."""

    __slots__ = ("anchor", "key", "merged", "node", "unkeyed", "waits")

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Event | None = None
        self.waits = False  # a key was read, its value is next
        self.unkeyed = False  # the key is no text, and its value is read only to be passed over
        self.merged: list[tuple[Event, Node]] = []


class _Reader:
    """Builds the tree from parsing events, with a list for a stack so that depth costs no recursion."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._added = 0
        self._opened = 0
        self._documents = 0

    def read(self, events: Iterator[Event]) -> None:
        for event in events:
            if event.kind is Kind.SCALAR:
                self._scalar(event)
            elif event.kind is Kind.END:
                self._close()
            elif event.kind is Kind.ALIAS:
                self._alias(event)
            elif event.kind is Kind.DOCUMENT:
                self._document(event)
            else:
                self._open(event)
        if self.root is None or (self.root.value is None and self.root.style is None):
            line = 1 if self.root is None else self.root.line
            self._stop("empty-document", "the document is empty", line, 1, EMPTY)

    def _document(self, event: Event) -> None:
        self._documents += 1
        if self._documents > 1:
            hint = "keep one workflow in a file; `---` begins another document"
            message = "a second document begins here"
            self._stop("several-documents", message, event.line, event.column, hint)

    def _open(self, event: Event) -> None:
        self._opened += len(self._stack)
        if len(self._stack) >= DEEPEST or self._opened > MOST_OPEN:
            self._too_deep(event)
        if self._key_is_due():
            self._complex_key(event)
        mapping = event.kind is Kind.MAPPING
        node = Node(event, {}, {}) if mapping else Node(event, [], [])
        self._refuse_tag(event)
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Open(node, event.anchor))

    def _close(self) -> None:
        opened = self._stack.pop()
        node = opened.node
        for event, merged in opened.merged:
            self._merge(event, merged, node)
        if opened.anchor:
            self._anchors[opened.anchor] = node
        self._place(node)

    def _scalar(self, event: Event) -> None:
        self._refuse_tag(event)
        if self._key_is_due():
            self._key(event)
            return
        node = Node(event, event.text)
        if event.style is None:
            try:
                node.value = resolve(event.text)
            except ValueError as error:
                node.value, node.broken = 0, True
                self._add("invalid-number", str(error), event, "put it in quotes to make it a text")
        if isinstance(node.value, str) and not event.text.isascii():
            node.value = self._whole(event)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._place(node)

    def _whole(self, event: Event) -> str:
        """The text with pairs of surrogates, as JSON escapes write them, joined to characters."""
        try:
            event.text.encode()
        except UnicodeEncodeError:
            try:
                return event.text.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError:
                hint = r"write the character itself, or both halves of its \u escapes"
                self._add("wrong-encoding", "the text holds half of a character (a lone surrogate)", event, hint)
                return event.text.encode("utf-8", "replace").decode()
        return event.text

    def _alias(self, event: Event) -> None:
        name = event.text
        node = self._anchors.get(name)
        if node is None:
            if any(opened.anchor == name for opened in self._stack):
                message = f"the anchor `&{name}` holds an alias to itself"
                self._add("recursive-anchor", message, event, "a document cannot contain itself")
            else:
                hint = f"define `&{name}` above, or put text that begins with `*` in quotes"
                self._add("unknown-anchor", f"there is no anchor `&{name}` before this alias", event, hint)
            node = Node(event, None)
            node.broken = True
        if self._key_is_due():
            self._complex_key(event)
            opened = self._stack[-1]
            opened.key, opened.waits = None, True
            return
        if len(self._stack) + node.height > DEEPEST:
            self._too_deep(event)
        self._expand(event, node.weight)
        self._place(node)

    def _expand(self, event: Event, weight: int) -> None:
        self._added += weight
        if self._added > LARGEST_EXPANSION:
            message = "the document's anchors expand to more than the limit"
            hint = "use fewer aliases, or aliases of smaller parts"
            self._stop("document-too-large", message, event.line, event.column, hint)

    # --- keys

    def _key_is_due(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].node.value, dict) and not self._stack[-1].waits

    def _key(self, event: Event) -> None:
        opened = self._stack[-1]
        opened.waits = True
        opened.key = event
        text = event.text
        if event.style is None and text != "<<":
            self._refuse_non_string_key(event)
        if len(text) > LONGEST_KEY:
            self._stop("document-too-large", f"a key of {len(text):,} characters", event.line, event.column, None)
        if not text.isascii():
            opened.key = event._replace(text=self._whole(event))

    def _refuse_non_string_key(self, event: Event) -> None:
        try:
            value = resolve(event.text)
        except ValueError:
            value = 0
        if isinstance(value, str):
            return
        if event.text:
            message = f"the key `{_short(event.text)}` is read as {_kind(value)}, and keys are text"
            self._add("non-string-key", message, event, f"put it in quotes: '{_short(event.text)}'")
        else:
            self._add("non-string-key", "there is no key before this `:`", event, "write a name before the `:`")

    def _complex_key(self, event: Event) -> None:
        hint = "text that begins with `{`, `[` or `*` has to be in quotes"
        self._add("non-string-key", "this mapping, list or alias stands where a key is wanted", event, hint)
        self._stack[-1].unkeyed = True

    # --- values

    def _place(self, node: Node) -> None:
        """Puts a finished value where it belongs: under the key that waits for it, or at the end of the list."""
        if not self._stack:
            self.root = node
            return
        opened = self._stack[-1]
        parent = opened.node
        if isinstance(parent.children, list):
            parent.children.append(node)
            if isinstance(parent.value, list):
                parent.value.append(node.value)
            self._grow(parent, node)
        elif not opened.waits:  # a mapping or list that stood as a key: its problem is known
            opened.waits = True
        else:
            key, opened.key, opened.waits = opened.key, None, False
            if opened.unkeyed or key is None:
                opened.unkeyed = False
            elif key.text == "<<" and key.style is None:
                if opened.merged:
                    hint = "write one `<<: [*first, *second]`"
                    self._add("duplicate-key", "`<<` is already there", key, hint)
                opened.merged.append((key, node))
            else:
                self._put(parent, key, node)
                self._grow(parent, node)

    def _put(self, parent: Node, key: Event, node: Node) -> None:
        children, value = parent.children, parent.value
        if not isinstance(children, dict) or not isinstance(value, dict):
            return
        first = children.get(key.text)
        if first is not None:
            message = f"`{_short(key.text)}` is already there, on line {first.line}"
            self._add("duplicate-key", message, key, "remove one of the two, or give it another name")
            if node.value is None:  # an empty one is the slip
                return
        children[key.text] = Child(key.line, key.column, node)
        value[key.text] = node.value
        parent.weight += len(key.text)

    def _grow(self, parent: Node, node: Node) -> None:
        parent.weight += node.weight
        if node.height >= parent.height:
            parent.height = node.height + 1

    def _merge(self, event: Event, merged: Node, target: Node) -> None:
        """The keys of a `<<`: the mapping's own win, then those of the first in a list."""
        nodes = merged.children if isinstance(merged.children, list) else [merged]
        for node in nodes:
            if not isinstance(node.children, dict):
                if not node.broken:
                    self._add("invalid-merge", "`<<` takes an alias of a mapping, or a list of them", event, None)
                continue
            self._expand(event, node.weight)
            own, values = target.children, target.value
            if isinstance(own, dict) and isinstance(values, dict):
                for key, child in node.children.items():
                    own.setdefault(key, child)
                    values.setdefault(key, child.node.value)
            self._grow(target, node)

    def _refuse_tag(self, event: Event) -> None:
        if event.tag is not None:
            hint = "remove it: a text is put in quotes, and nothing else needs a tag"
            self._add("yaml-tag", f"the YAML tag `{_short(event.tag)}` is not accepted", event, hint)

    # --- problems

    def _add(self, code: str, message: str, event: Event, hint: str | None) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            raise _Stop
        self.problems.append(problem(code, message, event.line, event.column, hint=hint))

    def _stop(self, code: str, message: str, line: int, column: int, hint: str | None) -> None:
        self.problems.append(problem(code, message, line, column, hint=hint))
        raise _Stop

    def _too_deep(self, event: Event) -> None:
        hint = "move inner tasks to functions under `use.functions`, or to a workflow of their own"
        message = f"more than {DEEPEST} levels of nesting, or too many brackets in brackets"
        self._stop("document-too-deep", message, event.line, event.column, hint)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: JsonValue) -> str:
    if value is None:
        return "null"
    return "a truth value" if isinstance(value, bool) else "a number"


def values(root: Node) -> JsonObject | None:
    """The definition that the tree holds; None when its root is no mapping."""
    return root.value if isinstance(root.value, dict) else None
