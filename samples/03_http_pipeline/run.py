"""Start the library's service, run the workflow against it, print what it gives."""

import json
from pathlib import Path

from service import library

import dalsegno

HERE = Path(__file__).parent

if __name__ == "__main__":
    given = json.loads((HERE / "input.json").read_text(encoding="utf-8"))
    with library() as address:
        output = dalsegno.run(HERE / "workflow.yaml", {**given, "service": address})
    print(json.dumps(output, indent=2))
