from narrows.masking.candidates import Hit
from narrows.masking.engine import Source
from narrows.masking.findings import HOLD, Cluster, Finding, blocks, stand_in
from narrows.model.plan import Transform

KEY = b"k" * 32


def cluster(*hits: Hit) -> Cluster:
    made = Cluster(hits[0].start, hits[0].end)
    for hit in hits:
        made.add(hit, hit.end, Transform.REDACT)
    return made


def test_the_label_is_the_surest_then_the_longest_then_the_earliest_in_the_table() -> None:
    assert cluster(Hit(0, 9, 1, 0.5), Hit(2, 4, 0, 0.9)).winner().rank == 0
    assert cluster(Hit(0, 9, 1, 0.5), Hit(2, 4, 0, 0.5)).winner().rank == 1
    assert cluster(Hit(0, 9, 3, 0.5), Hit(1, 10, 2, 0.5)).winner().rank == 2


def test_what_is_blocked_gives_the_label() -> None:
    made = Cluster(0, 9)
    made.add(Hit(0, 9, 0, 0.9), 9, Transform.REDACT)
    made.add(Hit(2, 4, 1, 0.5), 4, Transform.BLOCK)
    made.add(Hit(3, 4, 2, 0.4), 4, Transform.BLOCK)
    assert made.winner().rank == 1


def test_what_begins_behind_the_hold_has_no_say() -> None:
    made = cluster(Hit(0, HOLD + 5, 1, 0.5), Hit(HOLD, HOLD + 99, 0, 1.0))
    assert made.winner().rank == 1
    assert cluster(Hit(0, HOLD + 5, 1, 0.5), Hit(1, HOLD + 99, 0, 0.5)).winner().rank == 1


def test_a_cluster_is_the_union_with_the_strictest_transform() -> None:
    made = Cluster(3, 5)
    made.add(Hit(3, 5, 0, 1.0), 5, Transform.PARTIAL)
    made.add(Hit(4, 9, 1, 1.0, open=True), 9, Transform.HASH)
    assert (made.start, made.end, made.open, made.transform) == (3, 9, True, Transform.HASH)


def test_a_hash_depends_on_key_entity_and_value() -> None:
    source = Source("x", "US_SSN")
    made = stand_in(source, Transform.HASH, "078-05-1120", KEY)
    assert made == stand_in(source, Transform.HASH, "078-05-1120", KEY)
    others = {
        stand_in(source, Transform.HASH, "078-05-1121", KEY),
        stand_in(source, Transform.HASH, "078-05-1120", b"j" * 32),
        stand_in(Source("x", "US_ITIN"), Transform.HASH, "078-05-1120", KEY).replace("US_ITIN", "US_SSN"),
    }
    assert len(others | {made}) == 4


def test_a_finding_never_tells_the_value() -> None:
    assert set(Finding.__slots__) == {"start", "end", "entity", "detector", "score", "transform"}


def test_only_block_blocks() -> None:
    finding = Finding(0, 1, "PIN", "pin", 1.0, Transform.REDACT)
    assert not blocks([finding])
    assert blocks([finding, Finding(0, 1, "PIN", "pin", 1.0, Transform.BLOCK)])
