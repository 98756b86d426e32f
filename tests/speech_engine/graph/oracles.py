"""Others that build the same graphs: OpenFst and Kaldi's classes in wheels, Kaldi in libvosk.

Each runs in a process of its own, as they don't load beside one another.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TIMEOUT_S = 120

# Kaldi in vosk's shared library, by its C++ names: it takes strings as pointers to their
# characters, preceded by length, capacity and number of owners.
_LIBVOSK = """
import ctypes, pathlib, struct, sys, vosk
library = ctypes.CDLL(str(pathlib.Path(vosk.__file__).parent / "libvosk.so"))
kept = []
def string(text):
    data = text.encode()
    head = struct.pack("<QQq", len(data), len(data), 1 << 20)
    buffer = ctypes.create_string_buffer(head + data + b"\\0")
    pointer = ctypes.c_void_p(ctypes.addressof(buffer) + len(head))
    kept.extend([buffer, pointer])
    return ctypes.byref(pointer)
def function(name, result=None):
    found = getattr(library, name)
    found.restype = result
    return found
VECTOR = "NS_9VectorFstINS_6ArcTplINS_17TropicalWeightTplIfEEEENS_11VectorStateIS4_SaIS4_EEEEE"
read = function("_ZN3fst12ReadFstKaldiESs", ctypes.c_void_p)
write = function("_ZN3fst13WriteFstKaldiERK" + VECTOR + "Ss")
"""

_PREPARE = (
    _LIBVOSK
    + """
offset, source, target = int(sys.argv[1]), sys.argv[2], sys.argv[3]
prepare = function("_ZN3fst20PrepareForGrammarFstEiP" + VECTOR)
graph = read(string(source))
prepare(offset, ctypes.c_void_p(graph))
write(ctypes.c_void_p(graph), string(target))
"""
)

_READ_ANY = (
    _LIBVOSK
    + """
generic = function("_ZN3fst19ReadFstKaldiGenericESsb", ctypes.c_void_p)
name = "_ZN3fst24CastOrConvertToVectorFstEPNS_3FstINS_6ArcTplINS_17TropicalWeightTplIfEEEEEE"
convert = function(name, ctypes.c_void_p)
graph = generic(string(sys.argv[1]), True)
write(ctypes.c_void_p(convert(ctypes.c_void_p(graph))), string(sys.argv[2]))
"""
)

_FLATTEN = (
    _LIBVOSK
    + """
source, empty, target = sys.argv[1:]
CONST = "NS_8ConstFstINS_6ArcTplINS_17TropicalWeightTplIfEEEEjEEE"
grammar = ctypes.create_string_buffer(4096)
function("_ZN3fst13GrammarFstTplIK" + CONST + "C1Ev")(grammar)
stream = ctypes.create_string_buffer(256)
binary = ctypes.c_bool(False)
function("_ZN5kaldi5InputC1ERKSsPb")(stream, string(source), ctypes.byref(binary))
file = function("_ZN5kaldi5Input6StreamEv", ctypes.c_void_p)(stream)
function("_ZN3fst13GrammarFstTplIK" + CONST + "4ReadERSib")(
    grammar, ctypes.c_void_p(file), binary
)
flat = read(string(empty))
ARC = "ArcTplINS_17TropicalWeightTplIfEEEE"
name = (
    "_ZN3fst15CopyToVectorFstIKNS_8ConstFstINS_6" + ARC + "jEEEEvPNS_13GrammarFstTplIT_EE"
    "PNS_9VectorFstIS5_NS_11VectorStateIS5_SaIS5_EEEEE"
)
function(name)(grammar, ctypes.c_void_p(flat))
write(ctypes.c_void_p(flat), string(target))
"""
)

# H, C, L and G composed with nothing in between; sentences scored by composition.
_COMPOSE = """
import copyreg, json, sys
import kaldifst, kaldi_hmm_gmm as hg
case = json.load(sys.stdin)
topology = hg.HmmTopology()
topology.read(case["topology"])
tree = copyreg.__newobj__(hg.ContextDependency)
tree.__setstate__(([x - 256 if x > 127 else x for x in case["tree"]],))
model = hg.TransitionModel(tree, topology)
state = list(model.__reduce_ex__(2)[2])
state[6], state[7] = case["log_probabilities"], case["leaving"]
model = copyreg.__newobj__(hg.TransitionModel)
model.__setstate__(tuple(state))
lexicon = kaldifst.StdVectorFst.read(case["lexicon"])
grammar = kaldifst.StdVectorFst.read(case["grammar"])
both = kaldifst.compose(lexicon, grammar)
kaldifst.arcsort(both, "ilabel")
inside, windows = kaldifst.compose_context(
    case["disambiguation"], tree.context_width, tree.central_position, both
)
kaldifst.arcsort(inside, "ilabel")
config = hg.HTransducerConfig(transition_scale=case["transition_scale"])
transducer, symbols = hg.get_h_transducer(windows, tree, model, config)
kaldifst.arcsort(transducer, "olabel")
graph = kaldifst.compose(transducer, inside)
kaldifst.determinize_star(graph, use_log=False, delta=1e-6)
silent = set(symbols)
lines = []
for line in graph.to_str().strip().split("\\n"):
    fields = line.split()
    if len(fields) >= 4 and int(fields[2]) in silent:
        fields[2] = "0"
    lines.append(" ".join(fields))
graph = hg.add_self_loops(
    case["self_loop_scale"], [], True, model, kaldifst.compile("\\n".join(lines))
)
costs = []
kaldifst.arcsort(graph, "olabel")
for sentence in case["sentences"]:
    text = "\\n".join(f"{i} {i + 1} {w} {w} 0" for i, w in enumerate(sentence))
    acceptor = kaldifst.compile(f"{text}\\n{len(sentence)} 0\\n".lstrip())
    found = kaldifst.compose(graph, acceptor)
    best = kaldifst.shortest_path(found)
    if not best.num_states:
        costs.append(None)
        continue
    ok, _, _, weight = kaldifst.get_linear_symbol_sequence(best)
    costs.append(float(weight.value))
json.dump(costs, sys.stdout)
"""


# What fstaddselfloops and fstarcsort do to a lexicon.
_LOOPS = """
import sys, kaldifst
source, output, phone, word = sys.argv[1:]
fst = kaldifst.StdVectorFst.read(source)
kaldifst.add_self_loops(fst, [int(phone)], [int(word)])
kaldifst.arcsort(fst, "olabel")
fst.write(output)
"""

_GRAMMAR = """
import sys, kaldilm
arpa, words, output, order = sys.argv[1:]
kaldilm.arpa2fst(
    input_arpa=arpa, output_fst=output, disambig_symbol="#0", read_symbol_table=words,
    max_order=int(order),
)
"""


_COMPOSE_TWO = """
import sys, kaldifst
left, right = (kaldifst.StdVectorFst.read(path) for path in sys.argv[1:3])
kaldifst.compose(left, right).write(sys.argv[3])
"""


def _run(script: str, *arguments: object, given: str = "") -> str:
    run = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def kaldi_prepare(graph: Path, offset: int, output: Path) -> None:
    """Kaldi's own PrepareForGrammarFst."""
    _run(_PREPARE, offset, graph, output)


def kaldi_read(graph: Path, output: Path) -> None:
    """Reads a transducer of any type as Kaldi does, and writes it as a vector."""
    _run(_READ_ANY, graph, output)


def kaldi_flatten(
    top: Path, offset: int, others: Sequence[tuple[int, Path]], empty: Path, output: Path
) -> None:
    """Joins graphs as the runtime does, and writes what it would walk through.

    Args:
        top: a prepared graph, of type const.
        offset: number of ``#nonterm_bos``.
        others: nonterminal and prepared graph, of type const.
        empty: any readable transducer.
        output: the flat graph.
    """

    def number(value: int) -> bytes:
        return b"\4" + struct.pack("<i", value)

    data = b"\0B<GrammarFst> " + number(1) + number(len(others)) + number(offset)
    data += top.read_bytes()
    for nonterminal, path in others:
        data += number(nonterminal) + path.read_bytes()
    joined = output.with_suffix(".grammar")
    joined.write_bytes(data + b"</GrammarFst> ")
    _run(_FLATTEN, joined, empty, output)


def composed_costs(case: Mapping[str, Any]) -> list[float | None]:
    """Costs of sentences in a graph composed by OpenFst and Kaldi's classes."""
    found: list[float | None] = json.loads(_run(_COMPOSE, given=json.dumps(case)))
    return found


def openfst_composition(left: Path, right: Path, output: Path) -> None:
    """Two transducers composed by OpenFst."""
    _run(_COMPOSE_TWO, left, right, output)


def kaldilm_grammar(arpa: Path, words: Path, order: int, output: Path) -> None:
    """G by Kaldi's ARPA compiler, in the wheel kaldilm."""
    _run(_GRAMMAR, arpa, words, output, order)


def kaldi_loops(lexicon: Path, phone: int, word: int, output: Path) -> None:
    """Lets a symbol pass through a lexicon, as Kaldi's script does."""
    _run(_LOOPS, lexicon, output, phone, word)
