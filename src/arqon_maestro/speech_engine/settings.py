"""Settings of an exported speech engine: read from its ``settings.json``, checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arqon_maestro.artifacts import read_json
from arqon_maestro.errors import ConfigurationError
from arqon_maestro.speech_engine.nbest import SearchSettings

SETTINGS_FILE = "settings.json"
SCHEMA_VERSION = 1


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0)]


class DecoderSettings(_Checked):
    """First pass, by pocketsphinx; beams wider than its own, for the sake of the tenth best.

    Attributes:
        language_weight: ``lw``, of the language model in the pass over the tree.
        flat_language_weight: ``fwdflatlw``, in the second pass.
        word_insertion: ``wip``, a factor for each word.
        beam: ``beam`` and ``pbeam``, relative likelihood below which a state is dropped.
        word_beam: ``wbeam``, for word ends.
        flat_beam: ``fwdflatbeam``, in the second pass.
        flat_word_beam: ``fwdflatwbeam``, for word ends in the second pass.
        flat_window_frames: ``fwdflatsfwin``; the second pass tries the words of the first this
            far around.
        maximum_states: ``maxhmmpf``, states kept in a frame.
        lattice_nodes: ``latsize``, word ends remembered at first; more are made as needed.
    """

    language_weight: Positive = 6.5
    flat_language_weight: Positive = 8.5
    word_insertion: Positive = 0.65
    beam: Probability = 1e-55
    word_beam: Probability = 1e-34
    flat_beam: Probability = 1e-70
    flat_word_beam: Probability = 1e-34
    flat_window_frames: Count = 25
    maximum_states: Count = 30000
    lattice_nodes: Count = 20000

    def options(self) -> dict[str, Any]:
        """Returns the settings under pocketsphinx's names."""
        return {
            "lw": self.language_weight,
            "fwdflatlw": self.flat_language_weight,
            "wip": self.word_insertion,
            "beam": self.beam,
            "pbeam": self.beam,
            "wbeam": self.word_beam,
            "fwdflatbeam": self.flat_beam,
            "fwdflatwbeam": self.flat_word_beam,
            "fwdflatsfwin": self.flat_window_frames,
            "maxhmmpf": self.maximum_states,
            "latsize": self.lattice_nodes,
        }


class LatticeSearchSettings(_Checked):
    """Second pass, over the lattice (see `nbest.SearchSettings`)."""

    acoustic_scale: Positive = SearchSettings.acoustic_scale
    word_cost: float = SearchSettings.word_cost
    silence_cost: float = SearchSettings.silence_cost
    noise_cost: float = SearchSettings.noise_cost
    beam: Positive = SearchSettings.beam
    states_per_frame: Count = SearchSettings.states_per_frame
    expansions: Count = SearchSettings.expansions

    def search(self) -> SearchSettings:
        """Returns them as the search takes them."""
        return SearchSettings(**self.model_dump())


class RecognizerSettings(_Checked):
    """Contents of ``settings.json``; `acoustic_model` is the reference of an acoustic bundle."""

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    acoustic_model: str
    decoder: DecoderSettings = DecoderSettings()
    lattice_search: LatticeSearchSettings = LatticeSearchSettings()


def read_settings(folder: Path) -> RecognizerSettings:
    """Reads ``settings.json`` of an exported speech engine.

    Raises:
        MissingPartError: no such file.
        DataError: not JSON.
        ConfigurationError: an unknown key or a bad value; all of them are named.
    """
    path = folder / SETTINGS_FILE
    try:
        return RecognizerSettings.model_validate(read_json(path))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
        )
        raise ConfigurationError("settings that cannot be used", where=path, why=problems) from None
