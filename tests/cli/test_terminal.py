"""What a person at a terminal sees, and a program does not."""

import os
import pty
import re
import signal
import subprocess
from collections.abc import Sequence

from command_line import PROGRAM, CommandLine, ended, surroundings, wait_until

SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def at_a_terminal(dalsegno: CommandLine, arguments: Sequence[str], stream: str) -> tuple[int, str, str]:
    """Run a command with one stream on a terminal: its exit code, what the terminal got, what the other stream got."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=dalsegno.folder,
        env=surroundings({"TERM": "xterm-256color", "COLUMNS": "80"}),
        stdin=subprocess.DEVNULL,
        stdout=terminal if stream == "stdout" else subprocess.PIPE,
        stderr=terminal if stream == "stderr" else subprocess.PIPE,
    )
    os.close(terminal)
    shown = b"".join(iter(lambda: _read(controller), b""))
    os.close(controller)
    answer = ended(process)
    return answer.code, shown.decode(), answer.err if stream == "stdout" else answer.out


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 65536)
    except OSError:  # Linux says so when the last process has closed the terminal.
        return b""


def plain(shown: str) -> str:
    """What was written, without colours; a line that was written over is a line of its own."""
    return SEQUENCE.sub("", shown).replace("\r\n", "\n").replace("\r", "\n")


def test_progress_is_on_the_terminal_and_stdout_is_still_alone(dalsegno: CommandLine) -> None:
    dalsegno.write("gate", "")
    code, shown, out = at_a_terminal(dalsegno, ["run", "long.yaml", "--functions", "functions.py"], "stderr")
    assert (code, out) == (0, '"noted last"\n')
    assert "tasks done" in plain(shown)
    # The line is gone at the end: the cursor is back where it was, on a line that was erased.
    assert shown.rstrip().endswith("\x1b[2K") or "\x1b[2K" in shown.split("tasks done")[-1]


def test_what_a_function_prints_stands_above_the_progress(dalsegno: CommandLine) -> None:
    dalsegno.document("chatty", "do: [{a: {call: chat}}]")
    code, shown, out = at_a_terminal(dalsegno, ["run", "chatty.yaml", "--functions", "functions.py"], "stderr")
    assert (code, out) == (0, '"said"\n')
    assert re.search(r"^from the function$", plain(shown), re.MULTILINE)


def test_a_fault_is_shown_in_full(dalsegno: CommandLine) -> None:
    dalsegno.document("declined", "do: [{pay: {call: decline}}]")
    code, shown, out = at_a_terminal(dalsegno, ["run", "declined.yaml", "--functions", "functions.py"], "stderr")
    assert (code, out) == (1, "")
    assert '  "title": "Declined",' in plain(shown)


def test_an_exception_of_a_function_is_told_with_its_place(dalsegno: CommandLine) -> None:
    dalsegno.document("faulty", "do: [{a: {call: broken}}]")
    code, shown, _ = at_a_terminal(dalsegno, ["run", "faulty.yaml", "--functions", "functions.py"], "stderr")
    assert code == 1
    assert re.search(r"ValueError: boom ?\(\S*functions\.py:\d+\)", plain(shown).replace("\n", ""))
    assert "Traceback" not in shown


def test_output_for_a_person_is_indented(dalsegno: CommandLine) -> None:
    code, shown, err = at_a_terminal(dalsegno, ["run", "hello.yaml", "--input", '{"name": "Ada"}'], "stdout")
    assert (code, err) == (0, "")
    assert plain(shown) == '{\n  "greeting": "Hello Ada"\n}\n'


def test_a_problem_is_shown_with_its_line_and_a_caret(dalsegno: CommandLine) -> None:
    source = "do: [{get: {call: http, with: {method: get, endpont: 'http://example.com'}}}]"
    dalsegno.document("wrong", source)
    code, shown, err = at_a_terminal(dalsegno, ["validate", "wrong.yaml"], "stdout")
    assert code == 1
    assert SEQUENCE.search(shown)
    lines = plain(shown).splitlines()
    (place,) = [number for number, line in enumerate(lines) if "unknown-property" in line]
    assert lines[place + 1] == f"    2 | {source}"[:80]
    assert lines[place + 2].index("^") == lines[place + 1].index("endpont")
    assert err.startswith("1 document: ")


def test_the_caret_is_right_on_a_long_line_and_below_wide_characters(dalsegno: CommandLine) -> None:
    dalsegno.document("wide", "do: [{a: {set: {text: '" + "文" * 100 + "'}, nope: 1}}]")
    _, shown, _ = at_a_terminal(dalsegno, ["validate", "wide.yaml"], "stdout")
    lines = plain(shown).splitlines()
    (place,) = [number for number, line in enumerate(lines) if "`nope`" in line]
    before = lines[place + 1].split("nope")[0]
    assert lines[place + 2].index("^") == len(before) + before.count("文")


def test_a_table_is_cut_to_the_width_of_the_terminal(dalsegno: CommandLine) -> None:
    long = '{"name": "' + "x" * 300 + '"}'
    assert dalsegno("run", "hello.yaml", "--input", long, "--store", "s.db", "--id", "one").code == 0
    _, shown, _ = at_a_terminal(dalsegno, ["history", "one", "--store", "s.db"], "stdout")
    assert max(map(len, plain(shown).splitlines())) <= 80
    assert max(map(len, dalsegno("history", "one", "--store", "s.db").out.splitlines())) > 80


def test_ctrl_c_is_answered_on_a_line_of_its_own(dalsegno: CommandLine) -> None:
    controller, terminal = pty.openpty()
    process = dalsegno.start("run", "long.yaml", "--functions", "functions.py", stderr=terminal)
    os.close(terminal)
    wait_until(lambda: "middle" in dalsegno.lines("effects"), process)
    process.send_signal(signal.SIGINT)
    shown = b"".join(iter(lambda: _read(controller), b"")).decode()
    os.close(controller)
    assert ended(process).code == 130
    assert re.search(r"^dalsegno: interrupted: nothing was kept", plain(shown), re.MULTILINE)
    assert "Traceback" not in shown


def test_off_a_terminal_nothing_is_coloured(dalsegno: CommandLine) -> None:
    dalsegno.document("wrong", "do: [{get: {call: http, with: {methd: get}}}]")
    for command in (["validate", "wrong.yaml"], ["run", "wrong.yaml"], ["--help"], ["run", "--help"]):
        answer = dalsegno(*command)
        assert "\x1b" not in answer.out + answer.err
