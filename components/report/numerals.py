"""Numbers as people read them: 0.983, 12.3 ms, 4 min 05 s, 1.2 MiB; a dash where there is none."""

import math

DASH = "–"


def is_number(value: float | None) -> bool:
    """Whether there is a finite number."""
    return value is not None and math.isfinite(value)


def fixed(value: float | None, decimals: int = 3) -> str:
    """With a fixed number of decimals: 0.983."""
    return DASH if value is None or not math.isfinite(value) else f"{value:,.{decimals}f}"


def significant(value: float | None, digits: int = 3) -> str:
    """With so many significant digits, but whole numbers whole: 0.0123, 1.23, 12.3, 1,235."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    # Rounded first: 9.996 has one digit more before the point than it seems.
    magnitude = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    return f"{value:,.{max(digits - 1 - magnitude, 0)}f}"


def milliseconds(value: float | None) -> str:
    """A latency: 12.3 ms."""
    return f"{significant(value)} ms" if is_number(value) else DASH


def count(value: int | None) -> str:
    """A whole number with thousands apart: 12,345."""
    return DASH if value is None else f"{value:,d}"


def percent(part: float, whole: float) -> str:
    """A share: 12.3 %; a dash of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else DASH


def seconds(value: float | None) -> str:
    """A duration: 0.42 s, 12.3 s, 4 min 05 s, 2 h 03 min."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) < 59.95:
        return f"{value:.2f} s" if abs(value) < 0.995 else f"{value:.1f} s"
    whole, sign = round(abs(value)), "-" if value < 0 else ""
    if whole < 3600:
        return f"{sign}{whole // 60} min {whole % 60:02d} s"
    return f"{sign}{whole // 3600} h {whole % 3600 // 60:02d} min"


def size(value: float | None) -> str:
    """Bytes: 812 B, 24.0 KiB, 1.20 MiB."""
    if value is None:
        return DASH
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 999.5:
            return f"{value:.0f} B" if unit == "B" else f"{significant(value)} {unit}"
        value /= 1024
    return f"{significant(value)} TiB"


def multiplier(value: float) -> str:
    """A width or depth multiplier: ×1.5."""
    return f"×{value:g}"
