"""Embedders turn texts into vectors whose dot product says how alike they mean: one file for each kind we ship."""

from answerable.inference.embedders.embedder import Embedder, EmbedderUnavailable
from answerable.inference.embedders.scale import CosineScale, Vectors

__all__ = ["CosineScale", "Embedder", "EmbedderUnavailable", "Vectors"]
