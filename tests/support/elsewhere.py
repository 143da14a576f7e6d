"""Files that a test's instance can fetch unless it says otherwise: functions that wait, work, fail, check and call."""

_ROOT = "https://functions.example"

#: The functions that random documents call besides those of their own.
FUNCTIONS = tuple(f"{_ROOT}/{name}.yaml" for name in ("wait", "work", "fail", "checked"))

SOURCES = {
    f"{_ROOT}/wait.yaml": "do: [{w: {wait: PT1S}}, {s: {set: {n: '${ .n }'}, export: {as: $output}}}]",
    f"{_ROOT}/work.yaml": (
        "do: [{c: {call: steady, with: {fails: 0}}}, {f: {fork: {branches: [{b: {call: ./wait.yaml}},"
        " {l: {for: {in: '[1, 2]'}, do: [{c: {call: ./checked.yaml, with: {n: '${ $item }'}}}]}}]}}}]"
    ),
    f"{_ROOT}/fail.yaml": "raise: {error: {type: 'https://example.com/raised', status: 418}}",
    f"{_ROOT}/checked.yaml": "input: {schema: {resource: {endpoint: number.json}}}\nset: {n: '${ .n }'}",
    f"{_ROOT}/number.json": '{"properties": {"n": {"type": "number"}}}',
}
