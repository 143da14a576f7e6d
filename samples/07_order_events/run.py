"""Starts one instance for each of two orders, and publishes what shop and carrier have to say about both."""

import json
from pathlib import Path

import dalsegno

HERE = Path(__file__).parent


def main() -> None:
    events = json.loads((HERE / "input.json").read_text(encoding="utf-8"))
    with dalsegno.Engine(":memory:") as engine:
        orders = {order: engine.start(HERE / "workflow.yaml", {"order": order}) for order in ("A-1", "A-2")}
        for event in events:
            engine.publish(event)
        outputs = {order: instance.wait(timeout=60) for order, instance in orders.items()}
    print(json.dumps(outputs, ensure_ascii=False))


if __name__ == "__main__":
    main()
