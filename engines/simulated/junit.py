"""JUnit: the results of tests as CI servers read them."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dalsegno.engines.simulated.suite import Result


def junit(results: Mapping[str, Sequence[Result]]) -> str:
    """The results of some files, by the name of the file, as a JUnit report."""
    root = Element("testsuites", name="dalsegno")
    for file, tests in results.items():
        failed = sum(not result.passed for result in tests)
        suite = SubElement(root, "testsuite", name=file, tests=str(len(tests)), failures=str(failed))
        for result in tests:
            case = SubElement(suite, "testcase", classname=file, name=result.name)
            if not result.passed:
                failure = SubElement(case, "failure", message=_plain(result.differences[0]))
                failure.text = _plain("\n".join(result.differences))
    indent(root)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{tostring(root, encoding='unicode')}\n"


def _plain(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(sign for sign in text if sign.isprintable() or sign == "\n")
