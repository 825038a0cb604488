"""One generator per wire protocol: yields requests and pauses, takes answers, returns an Outcome.

Nothing here opens a socket or reads a clock, so the same code speaks to a live endpoint, a cassette
and a recording that somebody else made. To add one, register it with
`harness.wire.protocols.protocol`, here (then `harness.spec.provider` lists its name) or in a
package of your own.
"""
