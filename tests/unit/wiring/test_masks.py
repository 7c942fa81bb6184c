"""The control for `mask` is made only where a policy masks, and its engine is kept."""

import os
from pathlib import Path

import msgspec

from narrows.config.policies import Policy
from narrows.config.schema import Config, Connection, ConnectionCredential, Detectors
from narrows.policy.compile import compile_policies
from narrows.policy.policyset import PolicySet
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.masterkey import load_or_create
from narrows.wiring.detectors import vocabulary
from narrows.wiring.masks import MaskControls


def configured(masks: object) -> tuple[Config, PolicySet]:
    policy = {"name": "p", "who": {"users": ["*"]}, "may": {"connections": ["*"], "operations": ["*"]}, "mask": masks}
    config = Config(
        connections={"c": Connection(url="http://m", dialect="openai", credential=ConnectionCredential(none=True))},
        policies=(msgspec.convert(policy, Policy),),
    )
    return config, compile_policies(config, vocabulary(Detectors()))


def controls(path: Path) -> MaskControls:
    os.umask(0o077)
    directory = DataDirectory(path)
    directory.prepare()
    load_or_create(directory)
    return MaskControls(path)


async def test_without_masks_nothing_is_loaded(tmp_path: Path) -> None:
    made = controls(tmp_path / "data")
    assert await made.control(*configured([])) is None
    assert made.loader is None


async def test_the_engine_is_kept_on_disk_and_between_versions(tmp_path: Path) -> None:
    made = controls(tmp_path / "data")
    first = await made.control(*configured([{"entities": ["US_SSN"]}]))
    again = await made.control(*configured([{"entities": ["CREDIT_CARD"]}]))
    assert first is not None
    assert again is not None
    assert first._engine is again._engine
    assert list((tmp_path / "data" / "detectors").iterdir())
