"""Documents whose expressions are Jinja: `evaluate: {language: jinja}`, strict and loose."""

from dalsegno.interpreter.checking import check_expression
from dalsegno.schema.validation import check
from host import HEADER, Host

STRICT = """
evaluate: {language: jinja}
do:
  - pick:
      if: this.items | length > 1
      set: {names: '${ this.items | map(attribute="n") | list }', first: '${ this.items[0] }', text: 'Hello {{ this }}'}
      export: {as: '{"count": output.names | length}'}
  - each:
      for: {each: x, in: this.names}
      do:
        - add: {set: {seen: '${ (this.seen or []) + [x] }', count: '${ context.count }', name: '${ task.name }'}}
"""


def test_whole_strings_are_expressions_with_native_values() -> None:
    host = Host(STRICT, {"items": [{"n": "a"}, {"n": "b"}]}).run()
    assert host.output == {"seen": ["a", "b"], "count": 2, "name": "add"}


def test_in_strict_mode_a_template_in_a_text_stays_a_text() -> None:
    host = Host("evaluate: {language: jinja}\ndo: [{a: {set: {text: 'Hello {{ this.name }}'}}}]", {"name": "Ada"}).run()
    assert host.output == {"text": "Hello {{ this.name }}"}


def test_in_loose_mode_texts_are_templates_and_what_fails_is_itself() -> None:
    host = Host(
        """
evaluate: {language: jinja, mode: loose}
do:
  - a: {set: {hello: 'Hello {{ this.name }}', next: '{{ this.n + 1 }}', plain: 'as it is', broken: '{{ this.'}}
""",
        {"name": "Ada", "n": 1},
    ).run()
    assert host.output == {"hello": "Hello Ada", "next": 2, "plain": "as it is", "broken": "{{ this."}


WRONG = """evaluate: {language: jinja}
do:
  - a: {set: {x: '${ this.a | nofilter }'}}
  - b: {if: ')', set: {y: 1}}
"""


def test_the_door_places_what_is_wrong_in_a_template() -> None:
    _, problems = check(HEADER + WRONG, expressions=check_expression)
    found = [(problem.code, problem.line) for problem in problems]
    assert found == [("expression-syntax", 4), ("expression-syntax", 5)]
    assert "nofilter" in problems[0].message
