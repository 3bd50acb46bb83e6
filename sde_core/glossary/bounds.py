"""What the certificate of a transform bounds, from its gains alone."""

from sde_core.glossary.term import Format, Term

BOUNDS = (
    Term(
        key="relative_change",
        name="Change of the vectors",
        sentence="Enhanced minus raw vectors, over the raw ones, in the Frobenius norm.",
        formula=r"\|F' - F\| / \|F\| \le e",
        written="‖F′ − F‖ / ‖F‖ ≤ e",
        equation="3.8",
    ),
    Term(
        key="singular_value_shift",
        name="Shift of a singular value",
        sentence="By how much any singular value moves, over the first.",
        formula=r"|s'_i - s_i| / s_1 \le e",
        written="|s′ᵢ − sᵢ| / s₁ ≤ e",
        equation="3.9",
        source="Weyl 1912",
    ),
    Term(
        key="row_turn_by_change",
        name="Turn of a row",
        sentence="The angle by which a row turns, from the largest change.",
        formula=r"\angle \le \arcsin e",
        written="angle ≤ arcsin e",
        equation="3.10",
        unit="degrees",
        format=Format.DEGREES,
    ),
    Term(
        key="row_turn_by_condition",
        name="Turn of a row, by the condition",
        sentence="The same from the ratio κ of the largest to the smallest gain.",
        formula=r"\angle \le \arccos(2\sqrt{\kappa} / (1 + \kappa))",
        written="angle ≤ arccos(2√κ / (1 + κ))",
        equation="3.10",
        source="Kantorovich 1948",
        unit="degrees",
        format=Format.DEGREES,
    ),
    Term(
        key="gradient_scale",
        name="Scale of a gradient",
        sentence="How much a gradient grows on its way back through the gains.",
        formula=r"\|dL/dF\| / \|dL/dF'\| \le \max(g, 1)",
        written="‖dL/dF‖ / ‖dL/dF′‖ ≤ max(g, 1)",
        equation="3.11",
    ),
    Term(
        key="step_change",
        name="Change over 1 % of training",
        sentence="How far the gains move in one hundredth of the curriculum.",
        formula=r"\|A(t_2) - A(t_1)\| \le \rho\, |\alpha(t_2) - \alpha(t_1)|",
        written="‖A(t₂) − A(t₁)‖ ≤ ρ |α(t₂) − α(t₁)|",
        equation="3.12",
    ),
)
"""What the certificate guarantees from the gains alone."""
