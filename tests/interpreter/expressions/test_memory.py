"""With the budgets that everybody has, no expression takes more than 200 MB: text is counted before it is made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROMISED = 200_000_000

#: What comes of a program, and the program.
PROGRAMS = r"""
elements  "x" * 1e8 | until(false; .[1:])
elements  "x" * 1e8 | [limit(10; repeat(.[1:]))]
elements  "x" * 1e8 | [range(1e6) as $i | .[$i:]] | length
elements  "x" * 1e8 | until(false; ltrimstr("x"))
elements  ("é" * 1e8) | @uri
elements  ("é" * 1e7) | @uri
elements  "\u0001" * 1.5e8 | tojson
steps     "\u0001" * 1e7 | tojson
elements  "x" * 1e8 | [., ., .] | tojson
steps     "x" * 2e7 | [., ., .] | tojson
elements  "x" * 1e8 | "\(.)\(.)\(.)"
elements  "<" * 2e7 | @html
steps     "<" * 1e8 | @html
elements  "é" * 1e8 | @base64
steps     "%41" * 1e7 | @urid
steps     [range(3e6)] | [., ., .] | tostring
elements  [range(3e6)] | sort | sort
elements  [range(1e6)] | until(false; .[1:])
elements  [range(1e6)] | until(false; unique)
elements  [range(1e6)] as $d | [range(1e4) as $i | $d | .[0] = $i] | length
elements  [range(1e5) | {key: tostring}] | from_entries | . as $d | [range(1e4) as $i | $d | .x = $i] | length
steps     [range(1e5)] | until(false; tojson | fromjson)
elements  ("-" + "9" * 3999 | tonumber) as $x | [range(3e6) | $x | abs] | length
elements  ("x" * 1e6) as $x | [range(1e5) | $x]
elements  ("x" * 1e6) as $x | [range(1e6) | try ($x | fromjson) catch .] | length
steps     ("x" * 1e8) | fromjson
elements  reduce range(10000) as $i (1; [.]) | [paths] | length
elements  "😀" * 1e7 | explode | implode
elements  "x" * 1e6 | [match(""; "g")] | length
elements  [range(1e12) | {a: .}]
elements  [range(1e12) | tostring] | length
steps     [range(1e12)]
"""

JINJA = """
elements  {% for i in range(100000) %}{{ 'x' * 1000000 }}{% endfor %}
elements  {% set n = namespace(a='x') %}{% for i in range(64) %}{% set n.a = n.a ~ n.a %}{% endfor %}
elements  {% set n = namespace(a='x') %}{% for i in range(64) %}{% set n.a = [n.a, n.a] | join %}{% endfor %}
elements  {% set n = namespace(a='x') %}{% for i in range(64) %}{% set n.a = n.a.replace('x', 'xx') %}{% endfor %}
elements  {% set n = namespace(a='x') %}{% for i in range(64) %}{% set n.a %}{{ n.a }}{{ n.a }}{% endset %}{% endfor %}
elements  {% set n = namespace(a=1) %}{% for i in range(64) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a == n.a }}
elements  {% set n = namespace(a='x') %}{% for i in range(64) %}{% set n.a = "{0}{0}".format(n.a) %}{% endfor %}
steps     {% set n = namespace(a=[]) %}{% for i in range(9999) %}{% set n.a = n.a + ['x' * 99999 ~ i] %}{% endfor %}
elements  range(100000) | map('center', 100000) | list
elements  '{:1000000000}'.format(1)
steps     {% set l = range(100000) | list %}{% for i in l %}{% if i in l %}{% endif %}{% endfor %}
steps     ([[1]] * 100000) | sum(start=[]) | length
"""


def test_no_expression_takes_more_memory_than_promised() -> None:
    cases: list[tuple[str, str, str]] = []
    for language, lines in (("jq", PROGRAMS), ("jinja", JINJA)):
        for line in lines.strip().splitlines():
            ended, program = line.split(maxsplit=1)
            cases.append((language, program, ended))
    if not Path("/proc/self/statm").exists():
        pytest.skip("how much memory a process has is read from Linux's /proc")
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("measured.py"))],
        input=json.dumps([(language, program) for language, program, _ in cases]),
        capture_output=True,
        text=True,
        check=True,
    )
    for (_, program, ended), result in zip(cases, json.loads(run.stdout), strict=True):
        assert result["ended"] == ended, program
        assert result["bytes"] < PROMISED, program
