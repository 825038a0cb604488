"""The events of a streamed reply, where a document describes them."""

from harness.spec.importing.names import Table, cited
from harness.spec.importing.operations import Listed
from harness.spec.importing.replies import EACH, Spot, declared_in, expression, spots, usage_in
from harness.spec.importing.shapes import Reader, Shape

EVENTS = "text/event-stream"
_IMAGES = ("b64json", "partialimageb64", "imageurl", "url", "b64")


def stream_table(reader: Reader, one: Listed) -> Table | None:
    """Return the table of an operation's events; None where their names or images are not said."""
    for _, response in one.node["responses"].members():
        content = reader.document.follow(response)["content"]
        for media_type, described in content.members():
            if media_type.partition(";")[0].strip() == EVENTS and "schema" in described:
                return _table(reader, reader.shape([described["schema"]]))
    return None


def _table(reader: Reader, shape: Shape) -> Table | None:
    events = {}
    for node in shape.variants:
        event = reader.shape([node])
        kinds = reader.shape(event.properties["type"]).values if "type" in event.properties else []
        if kinds and len(kinds) == 1 and isinstance(kinds[0], str):
            events[kinds[0]] = event
    partial = next((name for name in events if "partial" in name), None)
    done = next((name for name in events if name.endswith(("completed", "complete", "done"))), None)
    if partial is None or done is None:
        return None
    image = _place(list(spots(reader, events[partial])), _IMAGES)
    index = _place(list(spots(reader, events[partial])), ("partialimageindex", "index"))
    if not (image and index):
        return None
    last = list(spots(reader, events[done]))
    declared = {name: places for name, places in declared_in(last).items() if name != "model"}
    final = _place(last, _IMAGES)
    usage = usage_in(last)
    failed = next((name for name in events if "error" in name), "error")
    return {
        "partial": partial,
        "completed": done,
        "error": failed,
        "image": image,
        **({"images": [final]} if final != image and final else {}),
        "index": index,
        **declared,
        "source": cited(shape.at),
        **({"usage": usage} if usage else {}),
    }


def _place(found: list[Spot], keys: tuple[str, ...]) -> str:
    places = [spot for spot in found if spot.key in keys and EACH not in spot.path]
    places.sort(key=lambda spot: (keys.index(spot.key), len(spot.path)))
    return expression(places[0].path) if places else ""
