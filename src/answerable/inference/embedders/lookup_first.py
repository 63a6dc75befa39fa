"""A change to the graph of the default embedder, for less memory: look rows up first, scale them afterwards.

The file keeps the embedding of each word as small integers with a scale, and its graph scales the whole table before
it takes the rows of a text. onnxruntime does that once, when it loads the file, and keeps the 47 MB that come of it.
Taking the rows first gives the same numbers, bit by bit, for a few multiplications a text.

The graph is changed in its wire format (Protocol Buffers, onnx.proto): the file's digest is checked before, so what is
found in it is known, and the `onnx` package is large for a change of four nodes.
"""

from collections.abc import Iterator

TABLE = "inner.embeddings.word_embeddings.weight"
# Field numbers of onnx.proto.
GRAPH_OF_MODEL, NODE_OF_GRAPH = 7, 1
INPUT, OUTPUT, NAME, OPERATOR, ATTRIBUTE = 1, 2, 3, 4, 5
LENGTH_DELIMITED = 2

Bytes = bytes | memoryview
"""A view is cut without a copy: the weights are in one of three messages within each other."""
Field = tuple[int, Bytes, Bytes]
"""Number, content (empty unless it is delimited by a length), and the whole field as it stands."""


def looked_up_first(model: bytes) -> bytes:
    """The same model with the rows of the word table looked up before they are scaled.

    Raises ValueError if the graph is not the one that this is made for.
    """
    parts: list[Bytes] = []
    for number, content, whole in _fields(memoryview(model)):
        parts += _graph_field(_changed_graph(content)) if number == GRAPH_OF_MODEL else [whole]
    return b"".join(parts)


def _graph_field(parts: list[Bytes]) -> list[Bytes]:
    head = _varint(GRAPH_OF_MODEL << 3 | LENGTH_DELIMITED) + _varint(sum(map(len, parts)))
    return [head, *parts]


def _changed_graph(graph: Bytes) -> list[Bytes]:
    parts: list[Bytes] = []
    changed = 0
    for number, content, whole in _fields(graph):
        name = _text(content, NAME) if number == NODE_OF_GRAPH else ""
        if name in (f"{TABLE}_cast", f"{TABLE}_mul"):
            changed += 1
        elif name == "node_embedding":
            parts += _lookup(content)
            changed += 1
        else:
            parts.append(whole)
    if changed != 3:
        raise ValueError("The embedder's graph does not scale its word table as expected.")
    return parts


def _lookup(gather: Bytes) -> list[bytes]:
    """The nodes in place of the one that takes rows of the scaled table."""
    fields = list(_fields(gather))
    _, ids = (bytes(content).decode() for number, content, _ in fields if number == INPUT)
    (output,) = (bytes(content).decode() for number, content, _ in fields if number == OUTPUT)
    attributes = b"".join(whole for number, _, whole in fields if number == ATTRIBUTE)
    to_float = _to_float()
    return [
        _node("Gather", [f"{TABLE}_q", ids], "rows_q", attributes),
        _node("Gather", [f"{TABLE}_scale", ids], "rows_scale", attributes),
        _node("Cast", ["rows_q"], "rows_f", to_float),
        _node("Mul", ["rows_f", "rows_scale"], output, b""),
    ]


def _to_float() -> bytes:
    """The attribute `to` of Cast: FLOAT, an integer attribute (AttributeProto: name 1, i 3, type 20)."""
    return _delimited(ATTRIBUTE, _delimited(1, b"to") + _varint(3 << 3) + _varint(1) + _varint(20 << 3) + _varint(2))


def _node(operator: str, inputs: list[str], output: str, attributes: bytes) -> bytes:
    named = [(INPUT, each) for each in inputs] + [(OUTPUT, output), (NAME, f"node_{output}"), (OPERATOR, operator)]
    content = b"".join(_delimited(number, text.encode()) for number, text in named)
    return _delimited(NODE_OF_GRAPH, content + attributes)


def _fields(message: Bytes) -> Iterator[Field]:
    place = 0
    while place < len(message):
        begin = place
        key, place = _read_varint(message, place)
        number, kind = key >> 3, key & 7
        content: Bytes = b""
        if kind == LENGTH_DELIMITED:
            length, place = _read_varint(message, place)
            content = message[place : place + length]
            place += length
        elif kind == 0:
            _, place = _read_varint(message, place)
        else:
            place += {1: 8, 5: 4}[kind]
        yield number, content, message[begin:place]


def _text(message: Bytes, wanted: int) -> str:
    return next((bytes(content).decode() for number, content, _ in _fields(message) if number == wanted), "")


def _read_varint(message: Bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | LENGTH_DELIMITED) + _varint(len(content)) + content
