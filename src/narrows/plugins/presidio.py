"""Microsoft Presidio as an analyzer: names and places by a spaCy model, if one is named, and what its patterns find.

Needs the extra `narrows[presidio]`. Options: `model`, the name or path of an installed spaCy model; without one only
what Presidio's pattern recognisers find can be wanted. `recognizers`, names of predefined recognisers, separated by
commas, to be loaded beside the language's own. Nothing is downloaded.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import spacy
import spacy.util
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

from narrows.model.span import Span
from narrows.ports.analyzer import Wanted

LANGUAGE: Final = "en"
"""What a text is read as where the configuration says nothing."""

_OPTIONS: Final = frozenset({"model", "recognizers"})


class _Blank(SpacyNlpEngine):  # type: ignore[misc]  # its types are not known here
    """spaCy without a model: it splits texts into words, and knows none."""

    def __init__(self, language: str) -> None:
        super().__init__(models=[{"lang_code": language, "model_name": "blank"}], ner_model_configuration=_naming())
        self.nlp = {language: spacy.blank(language)}

    def load(self) -> None:
        """Nothing has to be loaded."""


class Presidio:
    """An `Analyzer`."""

    def __init__(self, wanted: Wanted) -> None:
        """Raises ValueError for an option that can't be used."""
        unknown = sorted(wanted.options.keys() - _OPTIONS)
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}; there are {', '.join(sorted(_OPTIONS))}")
        self._language = wanted.language or LANGUAGE
        self._wanted = sorted(wanted.entities)
        model = wanted.options.get("model")
        engine = _Blank(self._language) if model is None else _with_model(self._language, model)
        registry = RecognizerRegistry(supported_languages=[self._language])
        registry.load_predefined_recognizers(languages=[self._language], nlp_engine=engine)
        if model is None:
            registry.remove_recognizer("SpacyRecognizer")
        for name in filter(None, map(str.strip, wanted.options.get("recognizers", "").split(","))):
            registry.add_recognizer(_predefined(name, self._language))
        self._engine = AnalyzerEngine(
            registry=registry, nlp_engine=engine, supported_languages=[self._language], log_decision_process=False
        )
        self.entities: Collection[str] = frozenset(self._engine.get_supported_entities(self._language))

    def analyze(self, text: str, language: str | None = None) -> Sequence[Span]:  # noqa: ARG002 - it is loaded for one
        """What Presidio finds of what is wanted."""
        found = self._engine.analyze(text=text, language=self._language, entities=self._wanted)
        return [Span(one.start, one.end, one.entity_type, min(1.0, one.score)) for one in found]


def _with_model(language: str, model: str) -> SpacyNlpEngine:
    """A loaded engine. Presidio would download a model that is missing; here that is a mistake."""
    if not spacy.util.is_package(model) and not Path(model).is_dir():
        raise ValueError(f"the spaCy model {model!r} is not installed")
    engine = SpacyNlpEngine(models=[{"lang_code": language, "model_name": model}], ner_model_configuration=_naming())
    engine.nlp = {language: spacy.load(model)}
    return engine


def _naming() -> NerModelConfiguration:
    return NerModelConfiguration(labels_to_ignore=["O", "CARDINAL", "ORDINAL", "QUANTITY", "PERCENT", "MONEY"])


def _predefined(name: str, language: str) -> Any:
    import presidio_analyzer.predefined_recognizers as shipped  # noqa: PLC0415 - hundreds of classes, seldom needed

    made = getattr(shipped, name, None)
    if made is None:
        raise ValueError(f"Presidio has no recognizer {name!r}")
    return made(supported_language=language)
