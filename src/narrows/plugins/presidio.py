"""Microsoft Presidio as an analyzer: names and places by a spaCy model, if one is named, and what its patterns find.

Needs the extra `narrows[presidio]`. Options: `model`, the name or path of an installed spaCy model; without one only
what Presidio's pattern recognisers find can be wanted. `recognizers`, names of predefined recognisers, separated by
commas, to be loaded beside the language's own. Nothing is downloaded.
"""

import importlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from narrows.model.span import Span
from narrows.ports.analyzer import Wanted

LANGUAGE: Final = "en"
"""What a text is read as where the configuration says nothing."""

_OPTIONS: Final = frozenset({"model", "recognizers"})
_NOT_NAMES: Final = ("O", "CARDINAL", "ORDINAL", "QUANTITY", "PERCENT", "MONEY")
"""Labels of spaCy's models that Presidio has no entity for."""


class Presidio:
    """An `Analyzer`."""

    def __init__(self, wanted: Wanted) -> None:
        """Raises ValueError where Presidio is missing, or an option can't be used."""
        unknown = sorted(wanted.options.keys() - _OPTIONS)
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r}; there are {', '.join(sorted(_OPTIONS))}")
        self._language = wanted.language or LANGUAGE
        self._wanted = sorted(wanted.entities)
        model = wanted.options.get("model")
        try:
            presidio = importlib.import_module("presidio_analyzer")
        except ModuleNotFoundError:
            raise ValueError("Presidio is not installed: pip install 'narrows[presidio]'") from None
        engine = _nlp_engine(self._language, model)
        registry = presidio.RecognizerRegistry(supported_languages=[self._language])
        registry.load_predefined_recognizers(languages=[self._language], nlp_engine=engine)
        if model is None:
            registry.remove_recognizer("SpacyRecognizer")
        for name in filter(None, map(str.strip, wanted.options.get("recognizers", "").split(","))):
            registry.add_recognizer(_predefined(name, self._language))
        self._engine = presidio.AnalyzerEngine(
            registry=registry, nlp_engine=engine, supported_languages=[self._language], log_decision_process=False
        )
        self.entities: Collection[str] = frozenset(self._engine.get_supported_entities(self._language))

    def analyze(self, text: str, language: str | None = None) -> Sequence[Span]:  # noqa: ARG002 - it is loaded for one
        """What Presidio finds of what is wanted."""
        found = self._engine.analyze(text=text, language=self._language, entities=self._wanted)
        return [Span(one.start, one.end, one.entity_type, min(1.0, one.score)) for one in found]


def _nlp_engine(language: str, model: str | None) -> Any:
    """A loaded engine; without a model it splits texts into words, and knows none. Presidio would download a model
    that is missing; here that is a mistake."""
    spacy = importlib.import_module("spacy")
    if model is not None and not spacy.util.is_package(model) and not Path(model).is_dir():
        raise ValueError(f"the spaCy model {model!r} is not installed")
    nlp = importlib.import_module("presidio_analyzer.nlp_engine")
    engine = nlp.SpacyNlpEngine(
        models=[{"lang_code": language, "model_name": model or "blank"}],
        ner_model_configuration=nlp.NerModelConfiguration(labels_to_ignore=list(_NOT_NAMES)),
    )
    engine.nlp = {language: spacy.blank(language) if model is None else spacy.load(model)}
    return engine


def _predefined(name: str, language: str) -> Any:
    made = getattr(importlib.import_module("presidio_analyzer.predefined_recognizers"), name, None)
    if made is None:
        raise ValueError(f"Presidio has no recognizer {name!r}")
    return made(supported_language=language)
