"""`dalsegno why`: what an instance waits for, from the store alone."""

from command_line import CommandLine


def test_why_from_the_store_alone(dalsegno: CommandLine) -> None:
    assert dalsegno("run", "hello.yaml", "--input", '{"name": "Ada"}', "--store", "s.db", "--id", "one").code == 0
    told = dalsegno("why", "one", "--store", "s.db")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("one was completed ")
    nap = dalsegno.document("nap", "do:\n  - nap: {wait: {hours: 1}}\n")
    assert dalsegno("run", nap, "--store", "s.db", "--id", "two", "--timeout", "1").code == 4
    asleep = dalsegno("why", "two", "--store", "s.db", "--output", "json").json
    assert (asleep["status"], len(asleep["waits"])) == ("waiting", 1)
    assert asleep["sentence"].startswith("two waits for the time ")
    assert asleep["waits"][0]["reference"] == "/do/0/nap"
    missing = dalsegno("why", "three", "--store", "s.db")
    assert (missing.code, "`dalsegno list --store s.db` shows what is there" in missing.err) == (2, True)
