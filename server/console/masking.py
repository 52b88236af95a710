"""Names and numbers of farmers as staff see them before they ask (MISSION S1.10, S2.8)."""

from __future__ import annotations


def mask_name(name: str) -> str:
    """刘德贵 -> 刘＊贵, 马贵 -> 马＊. One character says nothing, so it stays."""
    if len(name) <= 1:
        return name
    if len(name) == 2:
        return f"{name[0]}＊"
    return f"{name[0]}{'＊' * (len(name) - 2)}{name[-1]}"


def mask_phone(phone: str) -> str:
    """13800000023 -> 138-****-0023. Anything shorter than eight digits is hidden but for its last two."""
    digits = "".join(character for character in phone if character.isdigit())
    if len(digits) < 8:
        return f"****{digits[-2:]}" if digits else ""
    return f"{digits[:3]}-****-{digits[-4:]}"


def spaced_phone(phone: str) -> str:
    """13800000023 -> 138-0000-0023, to be read aloud or typed into a telephone."""
    digits = "".join(character for character in phone if character.isdigit())
    return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}" if len(digits) == 11 else phone
