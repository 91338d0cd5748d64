"""The lab "the graph": values go forward along the edges of a formula, gradients come back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from course_utils.labs.drawing import COLOURS, STYLE, Frame, Layer, Panel, Scale, Shape, Slider
from course_utils.labs.walks import name_of
from course_utils.labs.widget import Lab

MOST = 12  # nodes that the picture has room for
PLACES = 33  # of the input: an eighth apart


class Tape(NamedTuple):
    """A formula at one value of its inputs, before the walk back.

    nodes: in the order in which they were made. edges: for each node the pairs (number of an
    earlier node, local derivative). values: of the nodes. error: "" or what went wrong.
    """

    nodes: Sequence[Any] = ()
    edges: Sequence[Sequence[tuple[int, float]]] = ()
    values: Sequence[float] = ()
    error: str = ""


class Engine(NamedTuple):
    """The learner's formula and engine, see graph_lab."""

    formula: Callable
    node: Callable
    all_before: Callable
    hand_back: Callable

    def tape(self, inputs: Sequence[float]) -> Tape:
        """Return the formula's tape at the inputs."""
        leaves = [self.node(float(value)) for value in inputs]
        try:
            nodes = list(self.all_before(self.formula(*leaves)))
            place = {id(node): number for number, node in enumerate(nodes)}
            edges = [
                [(place[id(earlier)], float(slope)) for earlier, slope in node.made_from]
                for node in nodes
            ]
            values = [float(node.data) for node in nodes]
        except Exception as raised:  # the learner's functions may raise anything
            error = f"{name_of(self.formula)} raised {type(raised).__name__} ({raised})"
            return Tape(error=error)
        return Tape(nodes, edges, values)

    def walk(self, tape: Tape) -> tuple[list[list[float]], str]:
        """Return (the grads of all nodes before the walk back and after each node has handed back,
        what went wrong).
        """
        for node in tape.nodes:
            node.grad = 0.0
        tape.nodes[-1].grad = 1.0
        grads = [[float(node.grad) for node in tape.nodes]]
        for number in order_back(tape):
            try:
                self.hand_back(tape.nodes[number])
                grads.append([float(node.grad) for node in tape.nodes])
            except Exception as raised:  # the learner's function may raise anything
                name = name_of(self.hand_back, "hand_back")
                return grads, f"{name} raised {type(raised).__name__} ({raised})"
        return grads, ""


def order_back(tape: Tape) -> list[int]:
    """Return the numbers of the nodes that were made from others, last first."""
    return [number for number in range(len(tape.nodes))[::-1] if tape.edges[number]]


def layout(tape: Tape) -> np.ndarray:
    """Return where the nodes stand, (k, 2): x is how many operations lead to a node at most, an
    input's one less than that of the first that uses it. Heights are drawn, always the same ones,
    until no edge runs close to a node that it does not end at.
    """
    count = len(tape.nodes)
    depth = np.zeros(count)
    for number, pairs in enumerate(tape.edges):
        depth[number] = 1 + max((depth[earlier] for earlier, _ in pairs), default=-1)
    for number in range(count):
        if not tape.edges[number]:
            users = [depth[k] for k in range(count) if number in dict(tape.edges[k])]
            depth[number] = min(users, default=1) - 1
    rng, best, widest = np.random.default_rng(0), np.zeros((count, 2)), -1.0
    for _ in range(400):
        height = np.zeros(count)
        for column in np.unique(depth):
            members = np.flatnonzero(depth == column)
            levels = np.arange(len(members)) + rng.uniform(0.25, 0.75)
            height[members] = rng.permutation(levels) / len(members)
        places = np.column_stack([depth, height])
        room = _room(places, tape)
        if room > widest:
            best, widest = places, room
    return best


def _room(places: np.ndarray, tape: Tape) -> float:
    """Return how near an edge comes to a node that it does not end at, at the nearest."""
    nearest = 1.0
    for number, pairs in enumerate(tape.edges):
        for earlier in dict(pairs):
            (x0, y0), (x1, y1) = places[[earlier, number]]
            between = (places[:, 0] > x0) & (places[:, 0] < x1)
            share = (places[between, 0] - x0) / (x1 - x0)
            away = np.abs(places[between, 1] - (y0 + share * (y1 - y0)))
            nearest = min(nearest, away.min(initial=1.0))
    return nearest


class GraphView:
    """The panels of the lab, and what they show at a value of the input and a step of the walk."""

    def __init__(self, engine: Engine, inputs: Mapping[str, float], values: Sequence[float]):
        self.engine, self.inputs = engine, inputs
        self.walks: dict[float, tuple[Tape, list[list[float]], str]] = {}
        first = engine.tape(list(inputs.values()))
        if first.error:
            raise ValueError(f"the graph cannot be drawn: {first.error}")
        if not 2 <= len(first.nodes) <= MOST:
            raise ValueError(
                f"the formula has {len(first.nodes)} nodes; the picture needs 2 to {MOST}. Plain"
                " numbers are nodes, too"
            )
        self.first, self.places = first, layout(first)
        self.steps = len(first.nodes), len(order_back(first))
        self.graph = Panel(
            "Values forward, gradients back",
            "",
            "",
            alt="The formula as a graph: nodes for its inputs and operations, joined by edges.",
        )
        self._draw_graph(self.graph.ax)
        self.forward = [self.graph.path("blue", line=3.5) for _ in range(2)]
        self.back = [self.graph.path("red", line=3.5) for _ in range(2)]
        self.value_texts = [self.graph.text("blue") for _ in first.nodes]
        self.grad_texts = [self.graph.text("red") for _ in first.nodes]
        self.curve, self.tangent, self.dot = self._curve_panel(values)
        self.panels = [self.graph, self.curve]

    def _draw_graph(self, axes: Axes) -> None:
        for number, pairs in enumerate(self.first.edges):
            for earlier in dict(pairs):
                ends = self.places[[earlier, number]].T
                axes.plot(*ends, color=COLOURS["data"], lw=1.5, zorder=1)
        given = dict(zip(self._leaves(), self.inputs))
        for number, (x, y) in enumerate(self.places):
            node = self.first.nodes[number]
            plain = f"{self.first.values[number]:.3g}"
            name = given.get(number) or (node.operation if self.first.edges[number] else plain)
            axes.text(
                x,
                y,
                name,
                ha="center",
                va="center",
                bbox={"boxstyle": "round,pad=0.35", "fc": "#ffffff", "ec": COLOURS["ink"]},
                color="#333333",
                weight="bold",
                fontsize=11,
            )
        axes.set(xlim=(-0.45, self.places[:, 0].max() + 0.45), ylim=(-0.2, 1.2))
        axes.set_axis_off()
        axes.set_title("Values forward, gradients back")

    def _leaves(self) -> list[int]:
        """Return the numbers of the nodes that are the formula's inputs, in their order: they were
        made first.
        """
        leaves = [number for number, pairs in enumerate(self.first.edges) if not pairs]
        return sorted(leaves, key=lambda number: self.first.nodes[number].place)[: len(self.inputs)]

    def _curve_panel(self, values: Sequence[float]) -> tuple[Panel, Layer, Layer]:
        name = next(iter(self.inputs))
        panel = Panel(
            f"The result against {name}",
            name,
            "result",
            alt=f"The result of the formula against {name}: a curve.",
        )
        results = [self._at(value)[0].values for value in values]
        heights = np.array([each[-1] if each else np.nan for each in results])
        finite = heights[np.isfinite(heights)]
        room = 0.08 * (np.ptp(finite) or 1.0)
        panel.ax.plot(values, heights, color=COLOURS["data"])
        panel.ax.set(
            xlim=(min(values), max(values)), ylim=(finite.min() - room, finite.max() + room)
        )
        return panel, panel.path("red", line=1.8, dash="5 4"), panel.path("blue", head=6)

    def _at(self, value: float) -> tuple[Tape, list[list[float]], str]:
        """Return the tape at a value of the first input, and its walk back."""
        if value not in self.walks:
            tape = self.engine.tape([value, *list(self.inputs.values())[1:]])
            grads, error = self.engine.walk(tape) if tape.nodes else ([], tape.error)
            self.walks[value] = tape, grads, error
        return self.walks[value]

    def _trouble(self, error: str, value: float) -> str:
        """Return what went wrong, and at which value of the first input."""
        return f"{error} at {next(iter(self.inputs))} = {value:.3g}." if error else ""

    def frame(self, value: float, step: int) -> Frame:
        tape, grads, error = self._at(value)
        if len(tape.nodes) != len(self.first.nodes):
            return Frame(error=self._trouble(error or "the formula has another graph", value))
        forward = self.steps[0]
        draw: dict[Layer, Shape] = {}
        for number in range(min(step, forward)):
            x, y = self.places[number]
            text = f"{tape.values[number]:.3g}"
            draw[self.value_texts[number]] = Shape([x], [y + 0.105], text)
        back = min(step - forward, len(grads) - 1)
        if back >= 0:
            draw |= self._gradients(tape, grads[back], back)
            slope = grads[-1][self._leaves()[0]]
            ends = np.array(self.curve.ax.get_xlim())
            if back == self.steps[1]:
                draw[self.tangent] = Shape(ends, tape.values[-1] + slope * (ends - value))
        if step >= forward:
            draw[self.dot] = Shape([value], [tape.values[-1]])
        draw |= self._edges(tape, step)
        arrived = "" if back < self.steps[1] else f"{grads[-1][self._leaves()[0]]:.4g}"
        result = f"{tape.values[-1]:.4g}" if step >= forward else ""
        facts = [self._said(tape, step), result, arrived]
        return Frame("", facts, draw, self._trouble(error, value))

    def _gradients(self, tape: Tape, grads: Sequence[float], back: int) -> dict[Layer, Shape]:
        """Return the gradients of the nodes at which something has arrived, after some steps back;
        what arrives may be 0.
        """
        reached = {len(grads) - 1}
        for number in order_back(tape)[:back]:
            reached |= set(dict(tape.edges[number]))
        draw = {}
        for number in sorted(reached):
            x, y = self.places[number]
            draw[self.grad_texts[number]] = Shape([x], [y - 0.15], f"{grads[number]:.3g}")
        return draw

    def _edges(self, tape: Tape, step: int) -> dict[Layer, Shape]:
        """Return the edges along which something goes at a step, drawn thick: values in blue,
        gradients in red.
        """
        forward, order = self.steps[0], order_back(tape)
        number = step - 1 if step <= forward else order[step - forward - 1]
        if step < 1:
            return {}
        earlier = list(dict(tape.edges[number]))[:2]
        return {
            layer: Shape(*self._between(start, number))
            for layer, start in zip(self.forward if step <= forward else self.back, earlier)
        }

    def _between(self, start: int, end: int) -> np.ndarray:
        """Return the ends of an edge, (2, 2), as far as it is seen between its nodes."""
        first, last = self.places[[start, end]]
        cut = 0.2 * (last - first) / (last - first)[0]
        return np.column_stack([first + cut, last - cut])

    def _said(self, tape: Tape, step: int) -> str:
        """Return what happens at a step, in words."""
        forward, order = self.steps[0], order_back(tape)
        if step == 0:
            return "nothing yet"
        if step <= forward:
            node = tape.nodes[step - 1]
            return f"{node.operation} gives {tape.values[step - 1]:.3g}"
        number = order[step - forward - 1]
        slopes = ", ".join(f"{slope:.3g}" for _, slope in tape.edges[number])
        return f"{tape.nodes[number].operation} hands back, times {slopes}"


@mpl.rc_context(STYLE)
def graph_lab(
    formula: Callable,
    inputs: Mapping[str, float],
    *,
    node: Callable,
    all_before: Callable,
    hand_back: Callable,
    reach: tuple[float, float] = (-2.0, 2.0),
) -> Lab:
    """Show the lab "the graph" and return it; ``lab.value`` and ``lab.walk`` read and set its
    sliders: the value of the first input, and the step of the way forward and back.

    formula(*nodes): the learner's, of as many nodes as ``inputs`` has values; it returns a node.
    inputs: {name: value}; the slider moves the first of them over ``reach``. node(value): makes a
    node, which has ``data``, ``grad``, ``made_from`` (pairs of an earlier node and the local
    derivative), ``operation`` and ``place``. all_before(last): the nodes in the order of the tape.
    hand_back(node): adds to each earlier node its part.

    Raises ValueError where the formula fails at the inputs, or has too many nodes for a picture.
    """
    values = np.round(np.linspace(*reach, PLACES), 6).tolist()
    start = values[int(np.argmin(np.abs(np.array(values) - next(iter(inputs.values())))))]
    view = GraphView(Engine(formula, node, all_before, hand_back), inputs, values)
    forward, back = view.steps
    labels = [f"forward {k} of {forward}" for k in range(forward + 1)]
    labels += [f"back {k} of {back}" for k in range(1, back + 1)]
    last = forward + back
    walk = Scale(
        list(range(last + 1)), labels, marks={"start": 0, "result": forward, "inputs": last}
    )
    first = next(iter(inputs))
    return Lab(
        "The graph",
        [
            Slider("value", first, [Scale(values)], start=start),
            Slider("walk", "step of the walk", [walk], start=forward),
        ],
        view.panels,
        view.frame,
        facts=["what happens", "result", f"gradient that arrives at {first}"],
        stored=[(start, forward // 2), (start, forward), (start, last)],
        alt=(
            "A formula as a graph, half way forward, at its result, and after the walk back: values"
            " above the nodes, gradients below them, and the tangent to the result's curve."
        ),
    )
