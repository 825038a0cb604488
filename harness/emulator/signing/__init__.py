"""Signed manifests (C2PA) of a maker that does not exist, with certificates made at the start.

Needs c2pa-python and cryptography: the extra `provenance`. Nothing imports this folder before the
command line wants signatures.
"""
