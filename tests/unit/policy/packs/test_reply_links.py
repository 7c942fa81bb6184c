"""The examples of the pack, and the hosts of links."""

from narrows.policy.packs import reply_links
from narrows.policy.packs.reply_links import MOST_LINKS, Link, links
from unit.policy.packs.examples import wrong


def test_the_examples() -> None:
    assert wrong(reply_links.PACK) == []


def test_links_give_hosts() -> None:
    text = "![a](https://EVIL.example:8443/x?y=1) [b](//u:p@other.example./z) ![c](./local.png) <img alt=x src='http://[::1]/?q'>"
    assert [(link.host, link.image, link.data) for link in links(text)] == [
        ("evil.example", True, True),
        ("other.example", False, False),
        ("[::1]", True, True),
    ]
    first = next(links(text))
    assert text[first.start : first.end] == "https://EVIL.example:8443/x?y=1"


def test_links_are_counted() -> None:
    assert len(list(links("[a](//b) " * (MOST_LINKS + 10)))) == MOST_LINKS
    assert list(links("![" * 10_000)) == []
    assert next(links("[x](https://a\\@b.example/)")) == Link(4, 25, "a", image=False, data=False)
