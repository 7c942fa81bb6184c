"""Addresses of machines and pages."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, DIGIT, LIKELY, PLAUSIBLE, PROBABLE
from narrows.masking.validators.network import is_ipv6, is_mac, is_spaced_script

_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HOST: Final = r"[A-Za-z0-9](?:\.?[A-Za-z0-9-]){0,100}"
_PATH: Final = r"(?::[0-9]{2,5})?(?:[/?#](?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{0,250}[A-Za-z0-9_~/#@$&*+=%-])?)?"

_NAMES: Final = (
    r"com|org|net|edu|gov|mil|eu|de|fr|nl|uk|ru|dk|fi|cz|hu|jp|kr|pl|pt|gr|tr|ie|nz|za|mx|ar|br|cn|tw|hk|sg|ua|ro|sk"
    r"|(?:ac|co|com|edu|gov|net|org)\.[a-z]{2}"
)
"""Top levels that are hardly ever the end of a file or an attribute: not `.info`, `.io`, `.is`, `.py`, `.sh`."""

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="ip_address.v4",
        entity="IP_ADDRESS",
        pattern=rf"(?:{_OCTET}\.){{3}}{_OCTET}",
        not_before=r"0-9.vV",
        not_after=DIGIT,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("86.121.97.248", "http://10.0.0.1:8080/", "10.0.0.0/8", "|41.173.96.26|"),
        counterexamples=("v1.8.1.3", "256.1.1.1", "1.2.3", "1.2.3.1234", "01.002.3.4"),
    ),
    Detector(
        name="ip_address.v6",
        entity="IP_ADDRESS",
        # Two colons at least, and a group before each: or else every number of a text would be a candidate.
        pattern=(
            r"(?:[0-9A-Fa-f]{0,4}:){2,8}(?:[0-9A-Fa-f]{1,4}|[0-9]{1,3}(?:\.[0-9]{1,3}){3})?(?:%[A-Za-z0-9]{1,15})?"
        ),
        not_before=r"0-9A-Za-z:.",
        not_after=r"0-9A-Za-z:",
        validate=is_ipv6,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=(
            "2001:db8::1",
            "fe80::1ff:fe23:4567:890a%eth0",
            "[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:443",
            "::ffff:192.0.2.128",
        ),
        counterexamples=("12:34:56", "std::vector", "a :: b", "00:1a:2b:3c:4d:5e", "dead::beef", "2001:db8:::1"),
    ),
    Detector(
        name="mac_address",
        entity="MAC_ADDRESS",
        pattern=(
            r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
            r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
        ),
        not_before=r"0-9A-Za-z:.-",
        not_after=r"0-9A-Za-z:-",
        validate=is_mac,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"),
        counterexamples=("00:00:00:00:00:00", "00:1A:2B:3C:4D", "00:1A:2B:3C:4D:5E:6F", "00:1G:2B:3C:4D:5E"),
    ),
    Detector(
        name="url.scheme",
        entity="URL",
        pattern=(
            r"(?:https?|ftps?|sftp|wss?)://[A-Za-z0-9\[]"
            r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{0,250}[A-Za-z0-9_~/#@$&*+=%-])?"
        ),
        ignore_case=True,
        score=CERTAIN,
        keyword_score=CERTAIN,
        examples=("https://www.FarmerBuys.be/", "(see http://example.com/a_(b)?q=1#top).", "wss://x.io/socket"),
        counterexamples=("http://", "https:/example.com", "the https protocol"),
    ),
    Detector(
        # Few links are that long: all of the rest is taken, even a full stop behind it.
        name="url.long",
        entity="URL",
        pattern=r"(?:https?|ftps?|sftp|wss?)://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{250}",
        body=r"A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-",
        ignore_case=True,
        score=CERTAIN,
        keyword_score=CERTAIN,
        examples=("https://example.com/?q=" + "abc123%20" * 40,),
        counterexamples=("https://example.com/?q=abc",),
    ),
    Detector(
        # The host may go beyond ASCII, the path is as in the row before; a sentence that follows ends both.
        name="url.international",
        entity="URL",
        pattern=(
            r"(?:https?|ftps?|sftp|wss?)://[A-Za-z0-9.-]{0,40}[^\x00-\x7f][^\x00-,/:-@\[-`{-\x7f]{0,40}"
            r"(?:[:/?#](?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]{0,250}[A-Za-z0-9_~/#@$&*+=%-])?)?"
        ),
        ignore_case=True,
        validate=is_spaced_script,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("https://stra\u00dfe.de/weg", "http://\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444/"),
        counterexamples=("https://\u4f8b\u5b50", "http://"),
    ),
    Detector(
        name="url.www",
        entity="URL",
        pattern=rf"www\.{_HOST}\.[a-z]{{2,24}}{_PATH}",
        ignore_case=True,
        not_before=r"0-9A-Za-z@._/-",
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("www.example.com", "at WWW.Example.co.uk/path?x=1."),
        counterexamples=("www.", "www.example", "awww.example.com"),
    ),
    Detector(
        name="url.host",
        entity="URL",
        pattern=rf"{_HOST}\.(?:{_NAMES})(?::[0-9]{{2,5}})?",
        not_before=r"0-9A-Za-z@._/\\$-",
        not_after=r"0-9A-Za-z@_/(-",
        stop_words=("java.net", "vb.net", "asp.net", "self.", "this.", "nn.", "python.org"),
        score=PLAUSIBLE,
        keyword_score=PROBABLE,
        keywords=("website", "site", "domain", "visit", "web", "webpage", "homepage", "url", "link", "host"),
        examples=("visit example.com.", "clickphobia.com.br", "mail.google.com:8080"),
        counterexamples=("logger.info", "README.md", "self.net", "System.Net", "user@example.com", "example.invalid"),
    ),
    Detector(
        name="url.path",
        entity="URL",
        pattern=(
            rf"{_HOST}\.(?:{_NAMES}|io|ai|co|me|ca|us|be|ch|at|it|es|se|no|in|ly|gl|tv|app|dev|info|biz)"
            rf"(?::[0-9]{{2,5}})?/(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{{0,250}}[A-Za-z0-9_~/#@$&*+=%-])?"
        ),
        not_before=r"0-9A-Za-z@._/\\$-",
        score=PROBABLE,
        keyword_score=PROBABLE,
        examples=("goo.gl/maps/xyz", "see example.com/a?b=c."),
        counterexamples=("src/main.rs/x", "a/b", "1.5/2"),
    ),
)
