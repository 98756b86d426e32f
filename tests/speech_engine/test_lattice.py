"""Reading pocketsphinx's lattices."""

import math

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lattice import Edge, Node, read_lattice

TEXT = """\
# getcwd: /this/is/bogus
# -logbase 1.000100e+00
#
Frames 100
#
Nodes 7 (NODEID WORD STARTFRAME FIRST-ENDFRAME LAST-ENDFRAME)
0 </s> 90 99 99 ; 0
1 <s> 50 60 60 ; 0
2 add~spell(2) 10 40 60 ; 0
3 <sil> 61 80 85 ; 0
4 [NOISE] 41 80 85 ; 0
5 dead 41 50 50 ; 0
6 <s> 0 9 9 ; 0
#
Initial 6
Final 0
#
BestSegAscr 0 (NODEID ENDFRAME ASCORE)
#
Edges (FROM-NODEID TO-NODEID ASCORE)
6 2 -10000
2 3 -20000
2 4 -30000
2 1 -5
1 0 -434423808
2 5 -100
4 0 0
3 0 -40000
End
"""


def test_nodes_are_sorted_by_time_and_dead_ends_left_out():
    lattice = read_lattice(TEXT.splitlines())
    assert lattice.frames == 100
    assert lattice.nodes == (
        Node("<s>", 0),
        Node("add(spell)", 10),
        Node("", 41, noise=True),
        Node("", 61),
        Node("</s>", 90),
    )


def test_edges_carry_natural_logs():
    lattice = read_lattice(TEXT.splitlines())
    (edge,) = lattice.incoming[1]
    assert (edge.source, edge.target) == (0, 1)
    assert edge.acoustic_log_probability == pytest.approx(-10000 * math.log(1.0001))
    assert sorted(edge.source for edge in lattice.incoming[4]) == [2, 3]
    assert all(isinstance(edge, Edge) for edges in lattice.incoming for edge in edges)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish\n",
        TEXT.replace("End\n", ""),
        TEXT.replace("Initial 6", "Initial 77"),
        TEXT.replace("6 2 -10000", "6 2 x"),
        TEXT.replace("6 2 -10000", "6"),
    ],
)
def test_broken_lattices_are_refused(text):
    with pytest.raises(DataError, match="not a"):
        read_lattice(text.splitlines())


def test_an_edge_back_in_time_is_refused():
    with pytest.raises(DataError, match="back in time"):
        read_lattice(TEXT.replace("2 1 -5", "3 2 -5").splitlines())
