import msgspec

from narrows.engine.transcript import TranscriptBuilder
from narrows.model.record import Transcript
from narrows.model.reply import Delta


def test_texts_are_joined_by_stream_and_every_delta_keeps_its_time() -> None:
    builder = TranscriptBuilder()
    builder.add(Delta(0, "content", "Hel"), 10)
    builder.add(Delta(0, "reasoning", "hm"), 20)
    builder.add(Delta(0, "content", "lo"), 30)

    (content,) = builder.take()

    transcript = msgspec.json.decode(content.data, type=Transcript)
    assert content.label == "stream"
    assert [(s.choice, s.field, s.text) for s in transcript.streams] == [
        (0, "content", "Hello"),
        (0, "reasoning", "hm"),
    ]
    assert transcript.timing == ((10, 0, 3), (20, 1, 2), (30, 0, 2))


def test_taking_begins_anew_and_nothing_gives_nothing() -> None:
    builder = TranscriptBuilder()
    assert builder.take() == ()
    builder.add(Delta(0, "content", "a"), 1)
    assert builder.take()
    assert builder.take() == ()


def test_it_is_full_after_many_deltas_or_much_text() -> None:
    many, much = TranscriptBuilder(), TranscriptBuilder()
    for _ in range(511):
        many.add(Delta(0, "content", "a"), 1)
    assert not many.full
    many.add(Delta(0, "content", "a"), 1)
    assert many.full
    much.add(Delta(0, "content", "a" * 32_768), 1)
    assert much.full
    much.take()
    assert not much.full
