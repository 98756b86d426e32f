"""Options of Mel-frequency cepstral coefficients: ``mfcc.conf``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import atomic_text
from arqon_maestro.errors import ConfigurationError, did_you_mean
from arqon_maestro.speech_engine.acoustic.options import parse_options, read_options
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ

_MILLISECOND_S = 0.001
_LOWEST_SAMPLE_RATE_HZ = 1000.0
#: Options of Kaldi that choose what is printed, or how audio of another rate is treated; audio is
#: resampled before it comes here.
_IGNORED = frozenset(
    {"debug-mel", "allow-downsample", "allow-upsample", "max-feature-vectors", "verbose"}
)
_WINDOWS = ("hanning", "hamming", "povey", "rectangular", "blackman", "sine")


@dataclass(frozen=True)
class MfccOptions:
    """Options of ``mfcc.conf``, under Kaldi's names and with its defaults.

    Attributes:
        sample_frequency: of the audio, in Hz.
        frame_length: of a window, in milliseconds.
        frame_shift: from a window to the next, in milliseconds.
        dither: standard deviation of the noise that is added, on the scale of int16.
        preemphasis_coefficient: share of a sample that is taken from the next.
        remove_dc_offset: take the mean of a window from it.
        window_type: ``povey``, ``hamming``, ``hanning``, ``rectangular``, ``blackman``, ``sine``.
        round_to_power_of_two: pad a window with zeros to a power of two.
        blackman_coeff: of the window of that name.
        snip_edges: only windows that lie wholly in the audio; otherwise it is reflected at its
            ends, and there is a frame per shift.
        num_mel_bins: `M`.
        low_freq: lower end of the filters, in Hz.
        high_freq: their upper end; zero or less counts from half the sample frequency.
        vtln_low: lower end of the band that a speaker's warp would bend; no warp is applied.
        vtln_high: its upper end.
        htk_mode: filters as HTK's: the first bin of the lowest filter does not count.
        num_ceps: `C`.
        use_energy: the first coefficient is the logarithm of the window's energy.
        energy_floor: energies are raised to this, if it is above zero.
        raw_energy: energy is measured before pre-emphasis and window.
        cepstral_lifter: period of the lifter; zero for none.
        htk_compat: the first coefficient comes last, scaled as in HTK.
    """

    sample_frequency: float = 16000.0
    frame_length: float = 25.0
    frame_shift: float = 10.0
    dither: float = 1.0
    preemphasis_coefficient: float = 0.97
    remove_dc_offset: bool = True
    window_type: str = "povey"
    round_to_power_of_two: bool = True
    blackman_coeff: float = 0.42
    snip_edges: bool = True
    num_mel_bins: int = 23
    low_freq: float = 20.0
    high_freq: float = 0.0
    vtln_low: float = 100.0
    vtln_high: float = -500.0
    htk_mode: bool = False
    num_ceps: int = 13
    use_energy: bool = True
    energy_floor: float = 0.0
    raw_energy: bool = True
    cepstral_lifter: float = 22.0
    htk_compat: bool = False

    def __post_init__(self) -> None:
        self._require(
            self.sample_frequency >= _LOWEST_SAMPLE_RATE_HZ, "sample-frequency", "too low"
        )
        self._require(self.shift_samples > 0, "frame-shift", "less than a sample")
        self._require(self.window_samples > 1, "frame-length", "less than two samples")
        self._require(self.num_mel_bins >= 3, "num-mel-bins", "fewer than 3")
        self._require(
            0 < self.num_ceps <= self.num_mel_bins,
            "num-ceps",
            f"not between 1 and --num-mel-bins={self.num_mel_bins}",
        )
        self._require(
            self.window_type in _WINDOWS, "window-type", did_you_mean(self.window_type, _WINDOWS)
        )
        self._require(
            0 <= self.preemphasis_coefficient <= 1, "preemphasis-coefficient", "not from 0 to 1"
        )
        self._require(self.dither >= 0, "dither", "negative")
        low, high = self.band_hz
        self._require(
            0 <= low < high <= self.sample_frequency / 2,
            "high-freq",
            f"filters from {low:g} to {high:g} Hz at {self.sample_frequency:g} Hz",
        )

    def _require(self, holds: bool, option: str, why: str) -> None:
        if not holds:
            value = getattr(self, option.replace("-", "_"))
            raise ConfigurationError(f"--{option}={value} cannot be used", why=why)

    @property
    def window_samples(self) -> int:
        """`W`."""
        return int(self.sample_frequency * _MILLISECOND_S * self.frame_length)

    @property
    def shift_samples(self) -> int:
        """From the start of a window to the next."""
        return int(self.sample_frequency * _MILLISECOND_S * self.frame_shift)

    @property
    def padded_samples(self) -> int:
        """Points of the Fourier transform."""
        if not self.round_to_power_of_two:
            return self.window_samples
        return 1 << (self.window_samples - 1).bit_length()

    @property
    def band_hz(self) -> tuple[float, float]:
        """Lower end of the lowest filter and upper end of the highest."""
        nyquist = self.sample_frequency / 2
        high = self.high_freq if self.high_freq > 0 else nyquist + self.high_freq
        return self.low_freq, high


def read_mfcc_options(path: Path) -> MfccOptions:
    """Reads ``mfcc.conf``.

    Raises:
        MissingPartError: no such file.
        ConfigurationError: an unknown option, a value of another type or out of its range.
    """
    try:
        return parse_options(MfccOptions, read_options(path), path, _IGNORED)
    except ConfigurationError as error:
        where = error.where or path
        raise ConfigurationError(error.what, where=where, why=error.why) from None


def write_mfcc_options(path: Path, options: MfccOptions) -> None:
    """Writes ``mfcc.conf`` with the options that differ from Kaldi's defaults."""
    defaults = MfccOptions()
    with atomic_text(path) as stream:
        for name, default in vars(defaults).items():
            value = getattr(options, name)
            if value != default:
                text = f"{value:g}" if isinstance(value, float) else str(value).lower()
                stream.write(f"--{name.replace('_', '-')}={text}\n")


def default_options() -> MfccOptions:
    """Returns the options of chain models: 40 coefficients of 40 filters, without energy."""
    return MfccOptions(
        sample_frequency=float(SAMPLE_RATE_HZ),
        dither=0.0,
        num_mel_bins=40,
        num_ceps=40,
        low_freq=20.0,
        high_freq=-400.0,
        use_energy=False,
    )
