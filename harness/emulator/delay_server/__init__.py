"""A server whose delays are known: the ground truth for clients that measure."""

from __future__ import annotations
