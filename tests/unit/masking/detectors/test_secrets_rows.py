"""All tables of secrets together: names, formats as the issuers publish them, and how often ordinary code is taken for
a secret."""

import random
import re
import string
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import re2

from narrows.masking.detector import Detector
from narrows.masking.detectors import secrets_rows, secrets_table
from unit.masking.detectors import matching, secret_variants

ROWS = secrets_table.DETECTORS

OPTIONS = re2.Options()
OPTIONS.log_errors = False
GATES = [re2.compile(f"(?:{row.lead})(?:{row.pattern})", OPTIONS) for row in ROWS]

FEWEST_FAMILIES = 150
CODE = Path(string.__file__).parent
CODE_SIZE = 1_000_000
MOST_PER_100_KB = 0.5

BASE62 = string.ascii_letters + string.digits
URL = BASE62 + "_-"
HEX = "0123456789abcdef"
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
UPPER = string.ascii_uppercase + string.digits
LOWER = string.ascii_lowercase + string.digits

PUBLISHED = [
    ("AWS_ACCESS_KEY", ("AKIA", BASE32, 16)),
    ("AWS_ACCESS_KEY", ("ASIA", BASE32, 16)),
    ("GCP_API_KEY", ("AIza", URL, 35)),
    ("GCP_OAUTH_CLIENT_SECRET", ("GOCSPX-", URL, 28)),
    ("DIGITALOCEAN_TOKEN", ("dop_v1_", HEX, 64)),
    ("ALIBABA_ACCESS_KEY", ("LTAI", BASE62, 20)),
    ("GITHUB_TOKEN", ("ghp_", BASE62, 36)),
    ("GITHUB_TOKEN", ("ghs_", BASE62, 36)),
    ("GITHUB_TOKEN", ("github_pat_", BASE62, 22, "_", BASE62, 59)),
    ("GITLAB_TOKEN", ("glpat-", URL, 20)),
    ("GITLAB_TOKEN", ("gldt-", URL, 20)),
    ("STRIPE_KEY", ("sk_live_", BASE62, 24)),
    ("STRIPE_KEY", ("rk_test_", BASE62, 99)),
    ("SQUARE_TOKEN", ("sq0atp-", URL, 22)),
    ("RAZORPAY_KEY", ("rzp_live_", BASE62, 14)),
    ("SLACK_TOKEN", ("xoxb-", string.digits, 12, "-", string.digits, 13, "-", BASE62, 24)),
    ("SLACK_TOKEN", ("xapp-1-A", UPPER, 10, "-", string.digits, 13, "-", HEX, 64)),
    ("SLACK_WEBHOOK", ("https://hooks.slack.com/services/T", UPPER, 8, "/B", UPPER, 10, "/", BASE62, 24)),
    ("TELEGRAM_TOKEN", ("", string.digits, 10, ":AA", URL, 33)),
    ("TWILIO_KEY", ("SK", HEX, 32)),
    ("SENDGRID_KEY", ("SG.", URL, 22, ".", URL, 43)),
    ("MAILCHIMP_KEY", ("", HEX, 32, "-us", string.digits, 2)),
    ("MAILGUN_KEY", ("key-", HEX, 32)),
    ("OPENAI_KEY", ("sk-", BASE62, 20, "T3BlbkFJ", BASE62, 20)),
    ("OPENAI_KEY", ("sk-proj-", URL, 74, "T3BlbkFJ", URL, 74)),
    ("ANTHROPIC_KEY", ("sk-ant-api03-", URL, 93, "AA", URL, 0)),
    ("GROQ_KEY", ("gsk_", BASE62, 52)),
    ("HUGGINGFACE_TOKEN", ("hf_", string.ascii_letters, 34)),
    ("REPLICATE_TOKEN", ("r8_", BASE62, 37)),
    ("PERPLEXITY_KEY", ("pplx-", BASE62, 48)),
    ("XAI_KEY", ("xai-", BASE62, 80)),
    ("OPENROUTER_KEY", ("sk-or-v1-", HEX, 64)),
    ("NPM_TOKEN", ("npm_", BASE62, 36)),
    ("PYPI_TOKEN", ("pypi-AgEIcHlwaS5vcmc", URL, 150)),
    ("RUBYGEMS_KEY", ("rubygems_", HEX, 48)),
    ("DOCKERHUB_TOKEN", ("dckr_pat_", URL, 27)),
    ("TERRAFORM_TOKEN", ("", BASE62, 14, ".atlasv1.", URL, 67)),
    ("PULUMI_TOKEN", ("pul-", HEX, 40)),
    ("VAULT_TOKEN", ("hvs.", URL, 95)),
    ("DOPPLER_TOKEN", ("dp.pt.", BASE62, 43)),
    ("NEW_RELIC_KEY", ("NRAK-", UPPER, 27)),
    ("GRAFANA_TOKEN", ("glsa_", BASE62, 32, "_", HEX, 8)),
    ("DYNATRACE_TOKEN", ("dt0c01.", BASE32, 24, ".", BASE32, 64)),
    ("DATABRICKS_TOKEN", ("dapi", HEX, 32)),
    ("NOTION_TOKEN", ("ntn_", string.digits, 11, "", BASE62, 35)),
    ("LINEAR_KEY", ("lin_api_", BASE62, 40)),
    ("SHOPIFY_TOKEN", ("shpat_", HEX, 32)),
    ("POSTMAN_KEY", ("PMAK-", HEX, 24, "-", HEX, 34)),
    ("AIRTABLE_TOKEN", ("pat", BASE62, 14, ".", HEX, 64)),
    ("NARROWS_KEY", ("nrw_sa_", LOWER, 12, "_", BASE62, 39)),
]
"""Formats as their issuers publish them: literal, alphabet, length, and so on. Written apart from the rows."""


def test_there_are_many_families_and_each_row_has_its_own_name() -> None:
    assert len({row.entity for row in ROWS}) >= FEWEST_FAMILIES
    names = [row.name for row in ROWS]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_examples_of_both_kinds_and_compiles_in_both_engines(row: Detector) -> None:
    assert row.examples
    assert row.counterexamples
    for expression in filter(None, (row.lead, row.pattern, row.until)):
        assert expression.isascii()
        assert re.compile(expression, re.ASCII).groups == 0
        re2.compile(expression)


@pytest.mark.parametrize(("entity", "form"), PUBLISHED, ids=lambda part: part if isinstance(part, str) else part[0])
def test_a_published_format_is_found_and_labelled(entity: str, form: tuple[Any, ...]) -> None:
    rows = [row for row in ROWS if row.entity == entity]
    source = random.Random(entity)
    found = 0
    for place in (*secret_variants.ANYWHERE, *secret_variants.ASSIGNED):
        parts = (
            literal + "".join(source.choices(chars, k=size))
            for literal, chars, size in zip(*[iter(form)] * 3, strict=True)
        )
        before, after = place.format(k="service_key", v="\0").split("\0")
        secret = "".join(parts)
        text = before + secret + after
        found += secret_variants.is_masked(rows, text, len(before), len(before) + len(secret))
    assert found >= 0.95 * len(secret_variants.ANYWHERE + secret_variants.ASSIGNED)


def found(text: str) -> list[str]:
    """What the rows find in a text; RE2 leaves out the rows that cannot match, for speed."""
    return [
        f"{row.name}: {text[max(0, start - 40) : end]}"
        for row, gate in zip(ROWS, GATES, strict=True)
        if gate.search(text)
        for start, end in matching.spans(row, text)
    ]


def test_ordinary_code_is_hardly_ever_taken_for_a_secret() -> None:
    taken: list[str] = []
    size = 0
    for path in islice(sorted(CODE.rglob("*.py"), key=lambda path: path.stem[::-1]), 400):
        text = path.read_text(encoding="utf-8", errors="ignore")
        size += len(text)
        taken += found(text)
        if size > CODE_SIZE:
            break
    assert size > CODE_SIZE / 2
    assert len(taken) <= MOST_PER_100_KB * size / 100_000, taken


LOCK_FILES = (
    "github.com/{v}/{v}-go v1.2.3 h1:{b43}=\n",
    '"node_modules/{v}": {{"version": "1.2.3", "integrity": "sha512-{b86}=="}}',
    '{v}@^1.2:\n  version "1.2.3"\n  resolved "https://registry.test/{v}/-/{v}-1.2.3.tgz#{h40}"\n',
    "{v}-sdk==1.2.3 --hash=sha256:{h64}\n",
    'name = "{v}"\nversion = "1.2.3"\nchecksum = "{h64}"\n',
    '{{file = "{v}-1.2.3-py3-none-any.whl", hash = "sha256:{h64}"}}',
    "- uses: {v}/action@{h40}\n",
    "image: {v}/app@sha256:{h64}\n",
    "commit {h40} in {v}/{v}",
    "https://{v}.com/items/{u}",
)


@pytest.mark.parametrize("place", LOCK_FILES)
def test_hashes_in_lock_files_are_no_secrets_whoever_made_the_package(place: str) -> None:
    source = random.Random(place)
    vendors = sorted({row.name.partition("_")[0] for row in ROWS})
    texts = []
    for vendor in vendors:
        hashes = {f"h{size}": "".join(source.choices(HEX, k=size)) for size in (40, 64)}
        sums = {f"b{size}": "".join(source.choices(BASE62 + "+/", k=size)) for size in (43, 86)}
        texts.append(place.format(v=vendor, u="3f8a1c0e-9b7d-4564-8d1e-3f8a1c0e9b7d", **hashes, **sums))
    taken = found("\n;;;;\n".join(texts))
    assert len(taken) <= len(vendors) / 100, taken


@pytest.mark.parametrize("row", [row for row in ROWS if row.lead], ids=lambda row: row.name)
def test_a_row_names_no_more_vendors_than_the_gate_scans_fast(row: Detector) -> None:
    assert row.lead.removesuffix(secrets_rows.LEAD_OF_VALUE).count("|") < 1.5 * secrets_rows.MOST_VENDORS


def test_a_template_spells_a_fake_value() -> None:
    assert secrets_rows.spell("ghp_<w6>.<h4>x") == "ghp_q7Zk2W.3f8ax"
    assert secrets_rows.spell("<uuid>").count("-") == 4
    assert secrets_rows.spell("a < b") == "a < b"
    assert len(secrets_rows.spell("<b90>")) == 90
