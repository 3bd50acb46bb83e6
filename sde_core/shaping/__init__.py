"""Curriculum, gains, the transform they make and the certificate that bounds it."""
