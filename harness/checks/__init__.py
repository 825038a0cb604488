"""One function per claim: a record and a provider in, a verdict out; nothing is sent."""
