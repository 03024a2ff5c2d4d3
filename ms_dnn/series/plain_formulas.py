"""Formulas for a terminal: LaTeX as plain text, as ``δ[l] = W[l+1]ᵀ δ[l+1] ⊙ σ′(z[l])``.

It knows the commands that the chapters use; of any other command the name remains.
"""

from __future__ import annotations

import re
import unicodedata

from docutils.utils.math import tex2unichar

_TABLES = ("mathalpha", "mathbin", "mathclose", "mathop", "mathopen", "mathord", "mathpunct", "mathrel")
_SIGNS: dict[str, str] = {name: sign for table in _TABLES for name, sign in getattr(tex2unichar, table).items()}
_SIGNS |= {"lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "dots": "…", "quad": "  ", "qquad": "   "}
_SIGNS |= {"varepsilon": "ε", "epsilon": "ε", "cdot": "·", "sum": "Σ", "prod": "Π", "ell": "ℓ", ",": " ", ";": " "}
_SIGNS |= dict.fromkeys(("left", "right", "bigl", "bigr", "Bigl", "Bigr", "!", "displaystyle", "limits"), "")
_NAMED = {"text", "mathrm", "operatorname", "mathbf", "mathit"}
"""Commands whose argument stays as it is."""
_ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304"}
_RAISED = dict(zip("0123456789+-−=()inTtkm", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁱⁿᵀᵗᵏᵐ", strict=True))
_LOWERED = dict(zip("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)


def plain_formula(latex: str) -> str:
    """Return the formula in plain text, one line for each of its rows."""
    latex = re.sub(r"\\begin\{cases\}(.*?)\\end\{cases\}", _cases, latex, flags=re.DOTALL)
    latex = re.sub(r"\\(begin|end)\{\w+\*?\}", "", latex)
    rows = (re.sub(r" {2,}", "  ", _Reader(row).text().strip()) for row in re.split(r"\\\\", latex))
    return "\n".join(row for row in rows if row)


def plain_prose(text: str) -> str:
    """Return text with its roles ``:math:`…``` in plain text."""
    return re.sub(r":math:`([^`]*)`", lambda role: plain_formula(" ".join(role[1].split())), text)


def _cases(match: re.Match[str]) -> str:
    """Return the cases on one line, each with its condition in parentheses."""
    rows = [[part.strip() for part in row.split("&")] for row in match[1].split(r"\\")]
    return "; ".join(f"{value} ({' '.join(condition)})" for value, *condition in rows)


class _Reader:
    """Reads tokens from the left; braces hold one argument."""

    def __init__(self, latex: str) -> None:
        self.tokens = _TOKEN.findall(latex)[::-1]

    def text(self) -> str:
        """Return what stands up to the end, or to the brace that closes."""
        parts: list[str] = []
        while self.tokens and (piece := self.tokens.pop()) != "}":
            parts.append(self._read(piece))
        return re.sub(r"([∂Δ]) (?=\w)", r"\1", "".join(parts))

    def _argument(self) -> str:
        while self.tokens and self.tokens[-1].isspace():
            self.tokens.pop()
        return self._read(self.tokens.pop()) if self.tokens else ""

    def _read(self, piece: str) -> str:
        if piece == "{":
            return self.text()
        if piece in ("^", "_"):
            return _moved(self._argument(), _RAISED if piece == "^" else _LOWERED, piece)
        if piece.isspace() or piece == "&":
            return " "
        if not piece.startswith("\\"):
            return {"-": "−", "'": "′"}.get(piece, piece)
        return self._command(piece[1:])

    def _command(self, name: str) -> str:
        if name in ("frac", "tfrac", "dfrac"):
            above, below = self._argument(), self._argument()
            return {"1/2": "½"}.get(f"{above}/{below}", f"{_grouped(above)}/{_grouped(below)}")
        if name == "sqrt":
            return f"√{_grouped(self._argument())}"
        if name in _NAMED:
            return self._argument()
        if name in _ACCENTS:
            return unicodedata.normalize("NFC", self._argument() + _ACCENTS[name])
        return _SIGNS.get(name, name)


def _moved(text: str, characters: dict[str, str], mark: str) -> str:
    """Return an exponent or index: of small characters where there are some for all of it, ``[l]`` as it is."""
    if text.startswith("[") or text in ("′", "*"):
        return text
    if all(character in characters for character in text):
        return "".join(characters[character] for character in text)
    return mark + (text if len(text) == 1 else f"({text})")


def _grouped(text: str) -> str:
    """Return the text in parentheses unless it is a single number, symbol or derivative."""
    inner = text.strip()
    outside = re.sub(r"\[[^\]]*\]", "", inner)
    return f"({inner})" if re.search(r"\s|.[+−/]|\d[^\W\d]", outside) else inner
