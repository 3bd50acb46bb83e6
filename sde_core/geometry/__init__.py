"""Directions, neighbours, angles and agreement of embedding spaces; maps and neighbour search."""
